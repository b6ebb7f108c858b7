"""Merging, taking it back and carrying over what came in late are changes by approval: the thing is the pair, its value is which account stays, or none."""

from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from backoffice.access.models import Staff
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.approvals.services import Drifted, Invalid, drafts
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.ui import numbers
from players.merging import parts, services
from players.models import Duplicate
from players.services import PlayerRefused

CODE, MERGE = "players.merging", "players.merge"
OPEN = ("review", "scheduled")


class MergeForm(ChangeForm):
    stays = forms.CharField(label=_l("Account that stays"), required=False)
    late = forms.BooleanField(label=_l("What came in late"), required=False)

    def clean_stays(self) -> str:
        text = str(self.cleaned_data["stays"])
        pair = pair_of(self.subject)
        if text and (pair is None or text not in {str(pair.first_id), str(pair.player_id)}):
            raise forms.ValidationError(_("Choose which of the two accounts stays."))
        return text

    def values(self) -> Values:
        """`late` stands only where it is asked for: nothing that a pair is, but something to be done once."""
        found = super().values()
        return found if found.get("late") else {"stays": found["stays"]}


def pair_of(subject: str) -> Duplicate | None:
    known = numbers.is_id(subject)
    rows = Duplicate.objects.select_related("first__brand", "first__jurisdiction", "player__brand", "player__jurisdiction")
    return rows.filter(pk=subject).first() if known else None


def current(subject: str) -> Values | None:
    pair = pair_of(subject)
    if pair is None:
        return None
    made = services.standing(pair.pk)
    return {"stays": str(made.stays_id) if made is not None else ""}


def find(subject: str) -> Subject | None:
    pair = pair_of(subject)
    return Subject(subject, pair.name, f"#{pair.first_id}, #{pair.player_id}", pair.brand_id) if pair is not None else None


def subjects() -> list[Subject]:
    """Only pairs with a change on its way."""
    keys = ChangeRequest.objects.filter(kind=CODE, state__in=OPEN).order_by("-pk").values_list("subject", flat=True)[:200]
    return [one for one in map(find, dict.fromkeys(keys)) if one is not None]


def title(subject: str, values: Values) -> str:
    """By number: a title stands in lists and notices in clear."""
    pair = pair_of(subject)
    if pair is None:
        return subject
    if not values["stays"]:
        return _("Undo the merge of players #%(one)s and #%(other)s") % {"one": pair.first_id, "other": pair.player_id}
    goes = pair.player_id if values["stays"] == str(pair.first_id) else pair.first_id
    if values.get("late"):
        return _("Carry money that came in late on player #%(goes)s over to #%(stays)s") % {"goes": goes, "stays": values["stays"]}
    return _("Merge player #%(goes)s into #%(stays)s") % {"goes": goes, "stays": values["stays"]}


def validate(subject: str, values: Values) -> list[str]:
    pair, now = pair_of(subject), timezone.now()
    if pair is None:
        return [_("The pair is gone.")]
    made = services.standing(pair.pk)
    if not values["stays"]:
        return services.undo_refusals(made, now=now) if made is not None else [_("It was undone before.")]
    if values.get("late"):
        return services.late_refusals(made, now=now) if made is not None and str(made.stays_id) == values["stays"] else [_("It was undone before.")]
    return services.refusals(pair, services.pair_of(pair, int(values["stays"]), now=now))


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    """What becomes of each thing. Who may not see money reads no amounts: kind and page ask for the same permission as the merge itself."""
    pair = pair_of(subject)
    if pair is None:
        return []
    if not values["stays"]:
        return undone()
    both, late = services.pair_of(pair, int(values["stays"]), now=now), bool(values.get("late"))
    return [f"{line.label}: {line.becomes}" for _key, part in parts.every() if not late or part.carry_late is not None for line in part.lines(both)]


def undone() -> list[str]:
    return [
        _("Money goes back by the reverse postings."), _("The account is what it was before, and can be signed in to again."),
        _("Blocks, tags and the noes to marketing that came with the merge are taken back; where nobody had said anything before, a no stays."),
    ]  # fmt: skip


def diff(old: Values | None, new: Values) -> list[Difference]:
    def words(values: Values | None) -> str:
        return f"#{values['stays']}" if values and values["stays"] else _("both, apart")

    if new.get("late"):
        return [Difference(_("What came in late"), _("on the merged account"), words(new))]
    return [Difference(_("Account that stays"), words(old), words(new))]


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    change = ChangeRequest.objects.filter(kind=CODE, subject=subject, applied_at=now, state="active").order_by("-pk").first()
    reason = change.reason if change is not None else ""
    try:
        if values.get("late"):
            services.carry_late(duplicate_id=int(subject), reason=reason, by=by, now=now)
        elif values["stays"]:
            services.merge(duplicate_id=int(subject), stays_id=int(values["stays"]), reason=reason, by=by, now=now)
        else:
            services.undo(duplicate_id=int(subject), reason=reason, by=by, now=now)
    except PlayerRefused as refused:
        raise Refused(str(refused)) from refused
    return subject


def player(subject: str) -> int | None:
    pair = pair_of(subject)
    return pair.player_id if pair is not None else None


KIND: Any = Kind(
    CODE, _l("Accounts of one person to merge"), MERGE, _l("Merge"), MergeForm, subjects, current, apply, title, sees=MERGE, validate=validate, impact=impact,
    diff=diff, creatable=False, dated=False, least=1, icon="users", find=find, player=player,
    page=lambda subject: reverse("players:merge", args=[subject]),
    about=_l(
        "Merging two accounts of one person, taking it back, and carrying over what comes in late. Proposed on the page of a confirmed pair of duplicates."
    ),
)  # fmt: skip


# ---- asking


def waiting(duplicate_id: int) -> ChangeRequest | None:
    """The change of this pair that is on its way."""
    return ChangeRequest.objects.filter(kind=CODE, subject=str(duplicate_id), state__in=OPEN).select_related("requested_by").first()


def ask(*, duplicate_id: int, stays_id: int | None, reason: str, key: str, by: Staff, now: datetime, late: bool = False) -> ChangeRequest:
    """Propose to merge a pair into the account that stays, with None to take the merge back, or `late` to carry over what came in on the account that
    went since. The same key again gives the same change.

    Raises NotAllowed, PlayerRefused with what stands in the way (`merge`), without a reason (`reason`), or while it is asked for already (`waits`).
    """
    if not by.may(MERGE):
        raise NotAllowed(_("Merging accounts is not yours."))
    if not reason.strip():
        raise PlayerRefused(_("Say why."), code="reason")
    made = ChangeRequest.objects.filter(requested_by=by, key=f"merge:{key}"[:80]).first()
    if made is not None:
        return made
    if waiting(duplicate_id) is not None:
        raise PlayerRefused(_("It is asked for already and waits for approval."), code="waits")
    values: dict[str, Any] = {"stays": str(stays_id) if stays_id is not None else "", **({"late": True} if late else {})}
    try:
        with transaction.atomic():
            draft = drafts.draft(kind=CODE, subject=str(duplicate_id), values=values, by=by, key=f"merge:{key}"[:80], now=now)
            return drafts.submit(change_id=draft.pk, version=draft.version, reason=reason.strip()[:400], by=by, now=now)
    except (Invalid, Drifted) as invalid:
        raise PlayerRefused(str(invalid), code="merge") from invalid
