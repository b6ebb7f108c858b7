"""The facts that players bring to segments themselves."""

from django.utils.translation import gettext_lazy as _

from players.lifecycles import PLAYER
from players.places import SUBJECT as PLAYER_SUBJECT
from players.segments.facts import Count, OneOf, Tags, register

_DAYS_SINCE = "floor(extract(epoch FROM (%(now)s - {})) / 86400)"


def _markets() -> list[tuple[str, str]]:
    from backoffice.scope.models import Jurisdiction

    return [(one.code, str(one)) for one in Jurisdiction.objects.all()]


def plug_in() -> None:
    register(
        OneOf("market", _("Market"), "(SELECT j.code FROM scope_jurisdiction j WHERE j.id = p.jurisdiction_id)", choices=_markets, order=10),
        OneOf("country", _("Country"), "p.country", order=11),
        OneOf("language", _("Language"), "p.language", pattern=r"[a-z]{2}(-[a-z]{2,4})?", example="en, sv", upper=False, order=12),
        OneOf("currency", _("Currency"), "p.currency", pattern=r"[A-Z0-9]{3,10}", example="EUR, SEK", order=13),
        OneOf("state", _("Account"), "p.state", choices=lambda: PLAYER.choices, order=14),
        Count("age", _("Age"), "extract(year FROM age(%(today)s::date, p.birth_date))", unit=_("years"), order=20),
        Count("registered", _("Registered ago"), _DAYS_SINCE.format("p.registered_at"), unit=_("days"), order=21),
        Count("signed_in", _("Last sign-in ago"), _DAYS_SINCE.format("p.last_sign_in_at"), unit=_("days"), order=22),
        Count(
            "instruments", _("Instruments in use"), otherwise=0, order=23,
            source="SELECT count(*) AS value FROM players_instrument i WHERE i.player_id = p.id AND i.removed_at IS NULL",
        ),
        Tags("tag", _("Tags"), f"(SELECT w.tags FROM work_item w WHERE w.subject_type = '{PLAYER_SUBJECT}' AND w.subject_id = p.id)", order=24),
    )  # fmt: skip
