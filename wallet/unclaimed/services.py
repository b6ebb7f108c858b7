"""The only ways for unclaimed money to move: proposed and agreed to by two people, and back again."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import Invalid, drafts
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import machine, record
from backoffice.ui import money, times
from backoffice.work import idempotency
from players import locks
from players.lifecycles import DORMANCY
from players.models import Dormancy, Player
from players.services import PlayerRefused
from wallet import balances, currencies, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House
from wallet.models import RemittanceLine, Transaction

CODE, HAND_OVER = "wallet.unclaimed", "wallet.unclaimed"
OPEN = ("draft", "review", "scheduled")


def cash_of(player_id: int) -> dict[str, str]:
    """What may be handed over, by currency: cash above zero. Held money is promised to a withdrawal, and bonus money is not the player's yet."""
    return {one.currency: currencies.text(one.cash, one.currency) for one in balances.of_player(player_id) if one.cash > 0}


def why_not(player: Player, row: Dormancy | None, *, now: datetime) -> str:
    """What stands in the way of handing over, in words; "" when nothing does."""
    if row is None or row.state != "dormant" or player.state != "dormant":
        return _("Only money of a dormant account is handed over.")
    if row.unclaimed_at is None:
        return _("The law of this market lets no money be handed over: it stays the player's.")
    if row.unclaimed_at > now:
        return _("The law lets it be handed over from %(day)s on.") % {"day": times.write(row.unclaimed_at, "date")}
    if any(one.held for one in balances.of_player(player.pk)):
        return _("A withdrawal is open. Decide about it first.")
    return "" if cash_of(player.pk) else _("There is no cash on the account.")


def proposed(player_id: int) -> ChangeRequest | None:
    """The change that waits for somebody else."""
    return ChangeRequest.objects.filter(kind=CODE, subject=str(player_id), state__in=OPEN).select_related("requested_by").first()


def propose(*, player_id: int, note: str, key: str, by: Staff, now: datetime) -> ChangeRequest:
    """Ask that all cash of a dormant account is handed over. Nothing moves until somebody else agrees. The same key again gives the same change.

    Raises NotAllowed, PlayerRefused: unclaimed (what stands in the way), note, waits.
    """
    if not by.may(HAND_OVER):
        raise NotAllowed(_("Handing over unclaimed money is not yours."))
    made = ChangeRequest.objects.filter(requested_by=by, key=f"unclaimed:{key}"[:80]).first()
    if made is not None:
        return made
    player = Player.objects.visible_to(by).get(pk=player_id)
    row = Dormancy.objects.filter(player=player).exclude(state="ended").first()
    if words := why_not(player, row, now=now):
        raise PlayerRefused(words, code="unclaimed")
    if not note.strip():
        raise PlayerRefused(_("Write how the player was looked for."), code="note")
    if proposed(player_id) is not None:
        raise PlayerRefused(_("It is asked for already and waits for approval."), code="waits")
    try:
        with transaction.atomic():
            said = {"state": "handed_over", "amounts": cash_of(player_id)}
            draft = drafts.draft(kind=CODE, subject=str(player_id), values=said, by=by, key=f"unclaimed:{key}"[:80], now=now)
            return drafts.submit(change_id=draft.pk, version=draft.version, reason=note.strip()[:400], by=by, now=now)
    except Invalid as invalid:
        raise PlayerRefused(str(invalid), code="unclaimed") from invalid


def hand_over(player_id: int, amounts: dict[str, str], *, by: Actor, now: datetime) -> Dormancy:
    """Called by the engine of approvals alone, in its transaction. Raises PlayerRefused when it is no longer as it was agreed to."""
    player = locks.player(player_id)
    row = Dormancy.objects.select_for_update(no_key=True, of=("self",)).filter(player=player).exclude(state="ended").first()
    if words := why_not(player, row, now=now):
        raise PlayerRefused(words, code="unclaimed")
    assert row is not None  # noqa: S101
    if cash_of(player_id) != amounts:
        raise PlayerRefused(_("The balance is another one by now. Propose it anew."), code="unclaimed")
    for code, text in amounts.items():
        ledger.post(
            kind=TransactionKind.HANDED_OVER, key=f"dormancy:{row.pk}:handed_over:{code}", brand=player.brand_id, amount=Decimal(text), currency=code,
            source=Cash(player_id), target=House(AccountKind.UNCLAIMED, player.jurisdiction.code), effective_at=now, reference=(Reference.DORMANCY, row.pk),
        )  # fmt: skip
    DORMANCY.move(
        row, to="handed_over", by=Actor.system(machine()), now=now, also={"handed_over_at": now},
        evidence={"amounts": amounts, "to": row.unclaimed_to, "agreed": by.label},
    )  # fmt: skip
    return row


def handed_over(row: Dormancy) -> list[Transaction]:
    """The postings that took the money and were not taken back."""
    rows = Transaction.objects.filter(reference_type=Reference.DORMANCY, reference_id=row.pk, kind=TransactionKind.HANDED_OVER)
    back = Transaction.objects.filter(reverses__in=[one.pk for one in rows]).values_list("reverses", flat=True)
    return [one for one in rows if one.pk not in set(back)]


def left(row: Dormancy) -> list[RemittanceLine]:
    """What of it is set aside for, or was paid to, whom the law names."""
    lines = RemittanceLine.objects.filter(dormancy=row, released=False).select_related("remittance__currency")
    return list(lines.order_by("pk"))


def still_here(row: Dormancy) -> list[Transaction]:
    """What of it the house holds: neither given back nor paid out."""
    gone = {one.transaction_id for one in left(row) if one.remittance.state == "paid"}
    return [one for one in handed_over(row) if one.pk not in gone]


def paid_away(row: Dormancy) -> list[str]:
    """What the house holds no more, and where the player claims it, in sentences."""
    return [
        _("%(amount)s %(currency)s were paid to %(whom)s on %(day)s (%(reference)s). The house holds them no more: they are claimed there.") % {
            "amount": money.write(one.amount, one.remittance.currency).figure, "currency": one.remittance.currency.code, "whom": one.remittance.whom,
            "day": times.calendar(one.remittance.paid_on or one.remittance.agreed_at.date()), "reference": one.remittance.reference,
        } for one in left(row) if one.remittance.state == "paid"
    ]  # fmt: skip


def why_not_back(player: Player, row: Dormancy | None) -> str:
    """What stands in the way of a claim, in words; "" when nothing does."""
    if row is None:
        return _("Nothing of this player was handed over.")
    if player.state != "active":
        return _("The player has to be identified first: open the dormant account.")
    waits = next((one.remittance for one in left(row) if one.remittance.state == "agreed"), None)
    if waits is not None:
        return _("It is set aside for %(whom)s in %(number)s. Finance first books that payment or cancels it.") % {"whom": waits.whom, "number": waits}
    return ""


def give_back(*, player_id: int, note: str, key: str, by: Staff, now: datetime) -> Player:
    """The player came back and was identified: what the house still holds of theirs stands on their cash again, to the last cent.

    What was paid to whom the law names is claimed there: that the player was told so is a fact, and the case ends. The same key again changes nothing.
    It needs no second person: it reverses exactly what two agreed to, to its owner. Raises NotAllowed, PlayerRefused: unclaimed, note.
    """
    if not by.may(HAND_OVER):
        raise NotAllowed(_("Handing over unclaimed money is not yours."))
    with idempotency.once(scope=f"wallet.give_back:{player_id}", key=f"{by.pk}:{key}", content={"note": note}, now=now) as slot:
        if slot.replayed:
            return Player.objects.get(pk=player_id)
        player = locks.player(player_id)
        row = Dormancy.objects.select_for_update(no_key=True, of=("self",)).filter(player=player, state="handed_over").first()
        if words := why_not_back(player, row):
            raise PlayerRefused(words, code="unclaimed")
        assert row is not None  # noqa: S101
        if not note.strip():
            raise PlayerRefused(_("Write how the player claimed it."), code="note")
        here, gone, reason = still_here(row), [one for one in left(row) if one.remittance.state == "paid"], note.strip()[:400]
        for one in here:
            ledger.reverse(
                transaction_id=one.pk, kind=TransactionKind.CLAIMED, key=f"{one.key}:claimed", effective_at=now, reference=(Reference.DORMANCY, row.pk)
            )
        if here:
            record("dormancy.claimed", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk, subject=row, reason=reason)
        if gone:
            record(
                "dormancy.referred", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk, subject=row, reason=reason,
                after={"to": gone[0].remittance.whom, "remittances": sorted({one.remittance_id for one in gone})},
            )  # fmt: skip
        why = "given_back" if here else "referred"
        DORMANCY.move(row, to="ended", by=Actor.system(machine()), now=now, also={"ended_at": now, "ended_by": why}, evidence={"why": why})
        slot.answer = {"state": row.state}
        return player
