"""The state of an account: suspending, closing, making active again. Opening one that was closed is decided by approval."""

from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.approvals.services import Invalid, drafts
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.ui import words
from backoffice.work import idempotency
from players import locks
from players.lifecycles import PLAYER
from players.models import Instruction, Player
from players.profile import consequences, identity, instructions, reasons, telling
from players.services import PlayerRefused

RESTRICT, REOPENING = "players.restrict", "players.reopening"


def suspend_account(*, player_id: int, version: int, reason_code: str, note: str, key: str, by: Staff, now: datetime) -> Player:
    """No sign-in and no deposit until it is active again; what is the player's can still be paid out. The same key again changes nothing more.

    Raises NotAllowed when the state does not lead there or without the permission, Stale, PlayerRefused without a reason that fits.
    """
    return _move(player_id, version, "suspended", reason_code, note, key=key, by=by, now=now)


@transaction.atomic
def suspend_by_house(*, player_id: int, note: str, by: Actor, now: datetime) -> Player:
    """Suspend an active account because a rule of the house suspects fraud, as `note` says; one in any other state stays as it is."""
    player = locks.player(player_id)
    if player.state == "active":
        PLAYER.move(player, to="suspended", by=by, now=now, reason="FRAUD_SUSPECTED", note=note)
        _after(player, by=by, reason=note, now=now)
    return player


def close_account(*, player_id: int, version: int, reason_code: str, note: str, key: str, by: Staff, now: datetime) -> Player:
    """As `suspend_account`, for good: opening it again needs an approval. Balance and open withdrawals stay as they are."""
    return _move(player_id, version, "closed", reason_code, note, key=key, by=by, now=now)


def lift_suspension(*, player_id: int, version: int, reason_code: str, note: str, key: str, by: Staff, now: datetime) -> Player:
    """A suspended account is active again. Raises as `suspend_account`; a closed one is for `ask_to_reopen`."""
    return _move(player_id, version, "active", reason_code, note, key=key, by=by, now=now)


def ask_to_reopen(*, player_id: int, version: int, reason_code: str, note: str, key: str, by: Staff, now: datetime) -> ChangeRequest:
    """Propose to open a closed account again: it is active when somebody else has agreed, or at once where a policy asks nobody.

    Raises NotAllowed, Stale, PlayerRefused without a reason that fits, or while it is asked for already (`waits`).
    """
    player = Player.objects.get(pk=player_id)
    _check(player, version, "active", reason_code, note, by=by)
    subject = str(player_id)
    made = ChangeRequest.objects.filter(requested_by=by, key=f"reopen:{key}").first()
    if made is not None:
        return made
    if reopening(player_id) is not None:
        raise PlayerRefused(_("It is asked for already and waits for approval."), code="waits")
    with transaction.atomic():
        try:
            said = {"state": "active", "reason": reason_code, "note": note.strip()}
            draft = drafts.draft(kind=REOPENING, subject=subject, values=said, by=by, key=f"reopen:{key}"[:80], now=now)
            why = reasons.label(reason_code) + (f": {note.strip()}" if note.strip() else "")
            return drafts.submit(change_id=draft.pk, version=draft.version, reason=why[:400], by=by, now=now)
        except Invalid as invalid:
            raise PlayerRefused(str(invalid), code="state") from invalid


def reopening(player_id: int) -> ChangeRequest | None:
    """The request to open a closed account again that is on its way."""
    rows = ChangeRequest.objects.filter(kind=REOPENING, subject=str(player_id), state__in=identity.OPEN)
    return rows.select_related("requested_by").first()


def _check(player: Player, version: int, to: str, reason_code: str, note: str, *, by: Staff) -> None:
    if not by.may(RESTRICT):
        raise NotAllowed(_("Suspending, closing and reopening accounts is not yours."))
    if player.version != version:
        raise Stale(player)
    if player.erased_at is not None:
        raise NotAllowed(_("The player was erased: the account stays closed."))
    reason = reasons.BY_CODE.get(reason_code)
    if reason is None or reason.to != to:
        raise PlayerRefused(_("Choose a reason that fits."), code="reason_code")
    if reason.needs_note and not note.strip():
        raise PlayerRefused(_("Write in the note what the reason is."), code="note")


def _move(player_id: int, version: int, to: str, reason_code: str, note: str, *, key: str, by: Staff, now: datetime) -> Player:
    content = {"version": version, "to": to, "reason": reason_code, "note": note}
    with idempotency.once(scope=f"players.state:{player_id}", key=f"{by.pk}:{key}", content=content, now=now) as slot:
        if slot.replayed:
            return Player.objects.get(pk=player_id)
        player = locks.player(player_id)
        _check(player, version, to, reason_code, note, by=by)
        if player.state == "closed":
            raise NotAllowed(_("A closed account is opened again by approval."))
        if player.state == "merged":
            raise NotAllowed(_("A merged account becomes one of its own again when the merge is undone, and not otherwise."))
        PLAYER.move(player, to=to, by=Actor.staff(by), may=by.may, now=now, reason=reason_code, note=note.strip())
        _after(player, by=Actor.staff(by), reason=reasons.label(reason_code), now=now)
        slot.answer = {"state": to}
        return player


def _after(player: Player, *, by: Actor, reason: str, now: datetime) -> None:
    """What the consequence sentences promise."""
    telling.state_changed(player, now=now)
    if player.state != "active":
        instructions.ask(Instruction.SESSIONS, player, reason=reason, by=by, now=now)


# ---- opening a closed account again, by approval


class ReopeningForm(ChangeForm):
    state = forms.ChoiceField(label=gettext_lazy("State"), choices=PLAYER.choices)
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=lambda: [("", "–"), *reasons.for_move("active")], required=False)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)


def _current(subject: str) -> Values | None:
    player = identity.player_of(subject)
    return {"state": player.state, "reason": "", "note": ""} if player is not None else None


def _subjects() -> list[Subject]:
    return identity.listed(REOPENING)


def _validate(subject: str, said: Values) -> list[str]:
    player = identity.player_of(subject)
    if player is not None and player.erased_at is not None:
        return [_("The player was erased: the account stays closed.")]
    if player is None or player.state != "closed" or said["state"] != "active":
        return [_("Only a closed account is opened again by approval.")]
    return [] if said["reason"] else [_("Choose a reason that fits.")]


def _diff(old: Values | None, new: Values) -> list[Difference]:
    lines = [Difference(_("State"), words.of(old["state"]) if old else "", words.of(new["state"]))]
    if new.get("reason"):
        lines.append(Difference(_("Reason"), "", reasons.label(new["reason"])))
    if new.get("note"):
        lines.append(Difference(_("Note"), "", new["note"]))
    return [line for line in lines if line.old != line.new]


def _impact(subject: str, _said: Values, _now: datetime) -> list[str]:
    player = identity.player_of(subject)
    return [sentence.text for sentence in consequences.of(player, "active")] if player is not None else []


def _apply(subject: str, said: Values, *, by: Actor, now: datetime) -> str:
    player = locks.player(int(subject))
    if player.erased_at is not None:
        raise Refused(_("The player was erased: the account stays closed."))
    if player.state != "closed":
        raise Refused(_("The account is not closed any more."))

    def may(_permission: str) -> bool:
        return True  # who asked held it then, and whoever the policy names has agreed

    PLAYER.move(player, to="active", by=by, may=may, now=now, reason=said["reason"], note=said["note"])
    _after(player, by=by, reason="", now=now)
    return subject


def _page(subject: str) -> str:
    return reverse("players:account-state", args=[subject, "active"])


def _title(subject: str, _said: Values) -> str:
    return _("Open the account of player #%(number)s again") % {"number": subject}


KIND: Any = Kind(
    REOPENING, gettext_lazy("Closed accounts to open again"), RESTRICT, gettext_lazy("Closed account"), ReopeningForm, _subjects, _current, _apply, _title,
    sees="players.view", validate=_validate, impact=_impact, diff=_diff, creatable=False, icon="rotate", find=identity.find,
    player=identity.player_id, page=_page, about=gettext_lazy("Opening an account again that was closed. Proposed on the player's page."),
)  # fmt: skip
