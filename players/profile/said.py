"""The sentences of what staff and the front end do about a profile, of complaints and of duplicates (players/timeline/declared.py)."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from players.profile import reasons
from players.timeline import declared
from players.timeline.declared import About, Said

IDENTITY, ACCOUNT, WORK, LOOKS = "identity", "account", "work", "looks"
PROFILE = (
    Said(type="player.identity_changed", category=IDENTITY, text=_("Identity changed"), icon="idcard", tone="attention"),
    Said(type="player.profile_changed", category=IDENTITY, text=_("Profile changed"), icon="idcard"),
    Said(type="player.profile_read", category=LOOKS, text=_("The front end read the profile"), icon="eye"),
    Said(type="player.sessions_end_requested", category=ACCOUNT, text=_("The front end was asked to end all sessions"), icon="key"),
    Said(type="player.sessions_ended", category=ACCOUNT, text=_("All sessions ended"), icon="key", tone="success"),
    Said(type="player.sessions_not_ended", category=ACCOUNT, text=_("Sessions could not be ended: %(detail)s"), icon="key", tone="critical"),
    Said(type="player.credentials_reset_requested", category=ACCOUNT, text=_("The front end was asked to reset the credentials"), icon="key"),
    Said(type="player.credentials_reset", category=ACCOUNT, text=_("Credentials reset"), icon="key", tone="success"),
    Said(type="player.credentials_not_reset", category=ACCOUNT, text=_("Credentials could not be reset: %(detail)s"), icon="key", tone="critical"),
    Said(type="player.caller_verified", category=IDENTITY, text=_("A caller proved to be the player"), icon="phone", tone="success"),
    Said(type="player.caller_not_verified", category=IDENTITY, text=_("A caller could not prove to be the player"), icon="phone", tone="attention"),
    Said(type="player.active", category=ACCOUNT, text=_("Account active"), icon="passed", tone="success", reason=reasons.label),
    Said(type="player.suspended", category=ACCOUNT, text=_("Account suspended"), icon="pause", tone="attention", reason=reasons.label),
    Said(type="player.closed", category=ACCOUNT, text=_("Account closed"), icon="ban", tone="critical", reason=reasons.label),
)  # fmt: skip
COMPLAINTS = tuple(
    Said(type=f"complaint.{name}", category=WORK, text=text, icon="flag", tone=tone, permission="players.view_complaints")
    for name, text, tone in (
        ("received", _("Complained: %(subject)s"), "attention"), ("acknowledged", _("%(subject)s acknowledged"), ""),
        ("escalated", _("%(subject)s went to an outside body"), "attention"), ("answered", _("%(subject)s answered"), "success"),
        ("withdrawn", _("%(subject)s taken back"), ""),
    )
)  # fmt: skip
DUPLICATES = tuple(
    Said(type=f"duplicate.{name}", category=IDENTITY, text=text, icon="users", tone=tone, permission="players.duplicates")
    for name, text, tone in (
        ("found", _("Shares something with another account: %(subject)s"), "attention"),
        ("found_again", _("Shares more than before: %(subject)s"), "attention"),
        ("confirmed", _("One person with another account: %(subject)s"), "critical"), ("dismissed", _("Two people: %(subject)s"), ""),
    )
)  # fmt: skip
# A change by approval whose subject is the player.
CHANGES = tuple(
    Said(type=f"change.{name}", category=WORK, text=text, icon="double")
    for name, text in (
        ("drafted", _("%(subject)s drafted")), ("edited", _("%(subject)s edited")), ("submitted", _("%(subject)s sent for approval")),
        ("approved", _("%(subject)s approved")), ("applied", _("%(subject)s came into force")), ("enacted", _("%(subject)s made by the house")),
        ("rejected", _("%(subject)s rejected")), ("withdrawn", _("%(subject)s taken back")), ("scheduled", _("%(subject)s scheduled")),
        ("expired", _("%(subject)s expired")), ("stale", _("%(subject)s became stale")), ("failed", _("%(subject)s could not come into force")),
        ("ended", _("%(subject)s ended, since another one followed")),
    )
)  # fmt: skip


def plug_in() -> None:
    declared.register(
        *PROFILE, *COMPLAINTS, *DUPLICATES, *CHANGES, About(type="players.instruction", name=lambda pk: f"#{pk}"),
        About(
            type="players.complaint", name=lambda pk: f"CP-{pk}", url=lambda pk: reverse("players:complaint", args=[pk]), permission="players.view_complaints"
        ),
        About(type="players.duplicate", name=lambda pk: f"DU-{pk}", url=lambda pk: reverse("players:duplicate", args=[pk]), permission="players.duplicates"),
        About(type="approvals.change", name=lambda pk: f"CH-{pk}", url=lambda pk: reverse("approvals:change", args=[pk]), permission="approvals.view"),
    )  # fmt: skip
