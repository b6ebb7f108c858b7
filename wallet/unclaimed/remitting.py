"""Paying unclaimed money to whom the law names: proposed, agreed to by somebody else, paid at the bank, booked with the bank's number.

Agreeing sets the money of named players aside for one payment. What the house still holds and nobody set aside stays claimable.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import Invalid, drafts
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.record import machine, record
from backoffice.scope.models import Brand, Jurisdiction
from backoffice.work import idempotency
from players.models import Dormancy
from wallet import currencies, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import House
from wallet.lifecycles import REMITTANCE
from wallet.models import Remittance, RemittanceLine
from wallet.unclaimed.services import HAND_OVER, OPEN

CODE = "wallet.remittance"
LARGEST = 500  # players in one remittance: each gets a fact in the transaction that books it; the others follow in the next one


class RemittanceRefused(Exception):
    """It cannot be done, in words for whoever asked. `code` names the field that they belong to, if any."""

    def __init__(self, words: str, *, code: str = "") -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Pot:
    """Unclaimed money of a brand, market and currency."""

    brand: Brand
    market: str
    currency: str

    @property
    def key(self) -> str:
        return f"{self.brand.code}:{self.market}:{self.currency}"


@dataclass(frozen=True)
class Standing:
    """What the house still holds of a pot for one payee and nobody has set aside, in units of the currency."""

    pot: Pot
    whom: str
    players: int
    amount: Decimal
    since: datetime


@dataclass(frozen=True)
class Share:
    """What was taken from one player in one posting."""

    dormancy: int
    player: int
    transaction: int
    amount: Decimal


# What was handed over, was not given back and is not set aside. Money of test players is none (GLI-19 A.2.5).
_HERE = """
FROM players_dormancy d JOIN players_player p ON p.id = d.player_id AND NOT p.is_test
JOIN wallet_transaction t ON t.reference_id = d.id AND t.reference_type = %(of)s AND t.kind = %(kind)s
JOIN wallet_entry e ON e.transaction_id = t.id JOIN wallet_account a ON a.id = e.account_id AND a.kind = %(account)s
JOIN wallet_currency c ON c.id = a.currency_id
WHERE d.state = 'handed_over' AND d.brand_id = ANY (%(brands)s::bigint[])
AND NOT EXISTS (SELECT 1 FROM wallet_transaction r WHERE r.reverses = t.id)
AND NOT EXISTS (SELECT 1 FROM wallet_remittanceline l WHERE l.transaction_id = t.id AND NOT l.released)
"""
_KINDS = {"of": Reference.DORMANCY.value, "kind": TransactionKind.HANDED_OVER.value, "account": AccountKind.UNCLAIMED.value}


def _rows(statement: str, arguments: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {**_KINDS, **arguments})
        return cursor.fetchall()


def standing(brands: Iterable[Brand]) -> list[Standing]:
    """By brand, market, currency and payee, in one query."""
    known = {brand.pk: brand for brand in brands}
    found = _rows(
        f"SELECT d.brand_id, a.counterparty, c.code, d.unclaimed_to, count(DISTINCT d.player_id), sum(e.amount), min(d.handed_over_at) {_HERE}"  # noqa: S608
        " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        {"brands": list(known)},
    )
    return [Standing(Pot(known[brand], market, code), whom, players, amount, since) for brand, market, code, whom, players, amount, since in found]


def next_shares(pot: Pot, *, through: int | None = None) -> tuple[str, list[Share]]:
    """The payee of what has stood longest, and the shares that go to the same one, oldest first. `through` leaves out what was handed over since."""
    arguments = {"brands": [pot.brand.pk], "market": pot.market, "code": pot.currency, "through": through, "most": LARGEST}
    of_pot = f"{_HERE} AND a.counterparty = %(market)s AND c.code = %(code)s AND (%(through)s::bigint IS NULL OR t.id <= %(through)s)"
    first = _rows(f"SELECT d.unclaimed_to {of_pot} ORDER BY t.id LIMIT 1", arguments)  # noqa: S608
    if not first:
        return "", []
    whom = first[0][0]
    found = _rows(
        f"SELECT d.id, d.player_id, t.id, e.amount {of_pot} AND d.unclaimed_to = %(whom)s ORDER BY t.id LIMIT %(most)s",
        {**arguments, "whom": whom},  # noqa: S608
    )
    return whom, [Share(*row) for row in found]


def proposal(pot: Pot, *, through: int | None = None) -> dict[str, Any]:
    """The values of a change: who gets how much, of how many players, up to which posting."""
    whom, shares = next_shares(pot, through=through)
    total = sum((one.amount for one in shares), Decimal(0))
    return {
        "whom": whom, "amount": currencies.text(total, pot.currency), "currency": pot.currency, "players": len({one.player for one in shares}),
        "through": max((one.transaction for one in shares), default=0),
    }  # fmt: skip


def proposed(pot: Pot) -> ChangeRequest | None:
    """The change that waits for somebody else."""
    return ChangeRequest.objects.filter(kind=CODE, subject=pot.key, state__in=OPEN).select_related("requested_by").first()


def why_not(values: Mapping[str, Any]) -> str:
    """What stands in the way of proposing it, in words; "" when nothing does."""
    if not values["players"]:
        return _("The house holds no unclaimed money here that is not set aside already.")
    return "" if values["whom"] else _("The law of this market names nobody to pay it to: it stays with the house, for the players.")


def propose(*, pot: Pot, note: str, key: str, by: Staff, now: datetime) -> ChangeRequest:
    """Ask that what stands is paid to whom the law names. Nothing moves until somebody else agrees and the bank has paid. The same key again gives the same.

    Raises NotAllowed, RemittanceRefused: what stands in the way, note, that it waits already.
    """
    if not by.may(HAND_OVER) or pot.brand.pk not in by.reach():
        raise NotAllowed(_("Paying unclaimed money out is not yours."))
    made = ChangeRequest.objects.filter(requested_by=by, key=f"remit:{key}"[:80]).first()
    if made is not None:
        return made
    if proposed(pot) is not None:
        raise RemittanceRefused(_("It is asked for already and waits for approval."))
    values = proposal(pot)
    if words := why_not(values):
        raise RemittanceRefused(words)
    if not note.strip():
        raise RemittanceRefused(_("Write what the payment is based on."), code="note")
    try:
        with transaction.atomic():
            draft = drafts.draft(kind=CODE, subject=pot.key, values=values, by=by, key=f"remit:{key}"[:80], now=now)
            return drafts.submit(change_id=draft.pk, version=draft.version, reason=note.strip()[:400], by=by, now=now)
    except Invalid as invalid:
        raise RemittanceRefused(str(invalid)) from invalid


def agree(pot: Pot, said: Mapping[str, Any], *, by: Actor, now: datetime) -> Remittance:
    """Set it aside for one payment. Called by the engine of approvals alone, in its transaction, under its lock for this kind.

    Raises RemittanceRefused when it is no longer what was agreed to: somebody claimed theirs meanwhile.
    """
    whom, shares = next_shares(pot, through=said["through"])
    list(Dormancy.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in={one.dormancy for one in shares}).order_by("pk"))
    whom, shares = next_shares(pot, through=said["through"])  # as it stands now that nobody can give any of it back
    total = sum((one.amount for one in shares), Decimal(0))
    if not shares or (whom, total, len({one.player for one in shares})) != (said["whom"], Decimal(said["amount"]), said["players"]):
        raise RemittanceRefused(_("What stands is another amount by now. Propose it anew."))
    made = Remittance.objects.create(
        brand=pot.brand, jurisdiction=Jurisdiction.objects.get(code=pot.market), currency_id=currencies.number(pot.currency), amount=total,
        players=said["players"], whom=whom, agreed_at=now,
    )  # fmt: skip
    RemittanceLine.objects.bulk_create(
        [RemittanceLine(remittance=made, dormancy_id=one.dormancy, transaction_id=one.transaction, amount=one.amount) for one in shares]
    )
    record(
        "remittance.agreed", actor=by, at=now, brand_id=pot.brand.pk, subject=made,
        after={
            "state": "agreed", "version": 1, "market": pot.market, "to": whom, "amount": currencies.text(total, pot.currency), "currency": pot.currency,
            "players": said["players"], "postings": [one.transaction for one in shares],
        },
    )  # fmt: skip
    return made


def _locked(remittance_id: int, version: int, by: Staff) -> Remittance:
    if not by.may(HAND_OVER):
        raise NotAllowed(_("Paying unclaimed money out is not yours."))
    rows = Remittance.objects.visible_to(by).select_related("brand", "jurisdiction", "currency")
    row = rows.select_for_update(no_key=True, of=("self",)).get(pk=remittance_id)
    if row.version != version:
        raise Stale(row)
    return row


def book_payment(*, remittance_id: int, version: int, bank: str, reference: str, paid_on: date, key: str, by: Staff, now: datetime) -> Remittance:
    """The bank has paid it: Unclaimed money to Bank, and a fact on the timeline of each player whose money it was. The same key again changes nothing.

    `bank` is the house's account that it left from, `reference` the bank's number of the payment, `paid_on` the bank's day. Raises NotAllowed, Stale,
    Remittance.DoesNotExist, RemittanceRefused: bank, reference (missing, or booked before), paid_on (before it was agreed to, or to come).
    """
    bank, reference = bank.strip(), reference.strip()
    content = {"bank": bank, "reference": reference, "paid_on": paid_on.isoformat()}
    with idempotency.once(scope=f"wallet.remittance:{remittance_id}", key=f"{by.pk}:{key}", content=content, now=now) as slot:
        if slot.replayed:
            return Remittance.objects.get(pk=remittance_id)
        row = _locked(remittance_id, version, by)
        if not bank:
            raise RemittanceRefused(_("Say which account of ours it was paid from."), code="bank")
        if not reference:
            raise RemittanceRefused(_("Write the bank's number of the payment."), code="reference")
        if not row.agreed_at.astimezone(row.brand.zone).date() <= paid_on <= now.astimezone(row.brand.zone).date():
            raise RemittanceRefused(_("The bank's day lies between the agreement and today."), code="paid_on")
        also = {"bank": bank, "reference": reference, "paid_on": paid_on, "ended_at": now}
        try:
            with transaction.atomic():
                REMITTANCE.move(row, to="paid", by=Actor.staff(by), may=by.may, now=now, also=also, evidence={**content, "to": row.whom})
        except IntegrityError as taken:
            if "wallet_remittance_one_payment" not in str(taken):
                raise
            raise RemittanceRefused(_("This payment was booked for another remittance already."), code="reference") from taken
        ledger.post(
            kind=TransactionKind.REMITTED, key=f"remittance:{row.pk}:paid", brand=row.brand_id, amount=row.amount, currency=row.currency.code,
            source=House(AccountKind.UNCLAIMED, row.jurisdiction.code), target=House(AccountKind.BANK, bank), effective_at=now,
            reference=(Reference.REMITTANCE, row.pk), meta={"paid_on": paid_on.isoformat(), "reference": reference},
        )  # fmt: skip
        for line in row.lines.select_related("dormancy"):
            record(
                "dormancy.remitted", actor=Actor.system(machine()), at=now, brand_id=row.brand_id, player_id=line.dormancy.player_id, subject=line.dormancy,
                after={
                    "to": row.whom, "amount": currencies.text(line.amount, row.currency.code), "currency": row.currency.code, "remittance": row.pk, **content,
                },
            )  # fmt: skip
        slot.answer = {"state": row.state}
        return row


@transaction.atomic
def cancel(*, remittance_id: int, version: int, why: str, by: Staff, now: datetime) -> Remittance:
    """It was agreed to and will not be paid: the money stands as unclaimed again, and can be claimed. Raises NotAllowed, Stale, RemittanceRefused: why."""
    row = _locked(remittance_id, version, by)
    if not why.strip():
        raise RemittanceRefused(_("Say why it is not paid."), code="why")
    row.lines.update(released=True)
    REMITTANCE.move(row, to="cancelled", by=Actor.staff(by), may=by.may, now=now, also={"ended_at": now}, note=why.strip()[:400])
    return row
