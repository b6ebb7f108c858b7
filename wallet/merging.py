"""Money of two accounts that become one: cash moves by postings in its own currency, and back by their reverses, as long as nothing moved since."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.audit.actors import Actor
from backoffice.ui import money, times
from players.merging import parts
from players.merging.parts import Line, Pair, Part
from players.models import Merge
from wallet import balances, ledger
from wallet.balances import PlayerBalance
from wallet.kinds import Reference, TransactionKind
from wallet.ledger import Cash
from wallet.models import Entry, Wallet

KEY = "wallet.cash"
_ZERO = Decimal(0)


def _both(pair: Pair) -> Iterable[tuple[str, PlayerBalance, PlayerBalance]]:
    """By currency, what goes and what stays."""
    goes, stays = ({one.currency: one for one in balances.of_player(player.pk)} for player in (pair.goes, pair.stays))
    for code in sorted(goes.keys() | stays.keys()):
        nothing = PlayerBalance(code, _ZERO, _ZERO, _ZERO)
        yield code, goes.get(code, nothing), stays.get(code, nothing)


def lines(pair: Pair) -> Iterable[Line]:
    for code, goes, stays in _both(pair):
        moved = _("%(amount)s moves; #%(number)s then has %(sum)s")
        becomes = moved % {"amount": money.write(goes.cash, code), "number": pair.stays.pk, "sum": money.write(goes.cash + stays.cash, code)}
        yield Line(
            _("Cash in %(code)s") % {"code": code}, str(money.write(goes.cash, code)), str(money.write(stays.cash, code)),
            becomes if goes.cash > 0 else _("Stays as it is"),
        )  # fmt: skip
        for label, one, other in ((_("Held in %(code)s"), goes.held, stays.held), (_("Bonus in %(code)s"), goes.bonus, stays.bonus)):
            if one or other:
                stands = _("Stands in the way") if one else _("Stays as it is")
                yield Line(label % {"code": code}, str(money.write(one, code)), str(money.write(other, code)), stands)


def refuses(pair: Pair) -> Iterable[str]:
    number = pair.goes.pk
    for code, goes, _stays in _both(pair):
        if goes.held:
            words = {"number": number, "amount": money.write(goes.held, code)}
            yield _("%(amount)s of #%(number)s is held. Decide or wait for the withdrawal first.") % words
        if goes.bonus:
            words = {"number": number, "amount": money.write(goes.bonus, code)}
            yield _("#%(number)s has %(amount)s of bonus money, which does not move. It has to be played, forfeited or expired first.") % words
        if goes.cash < 0:
            words = {"number": number, "amount": money.write(-goes.cash, code)}
            yield _("#%(number)s owes %(amount)s, which does not move. Settle it first.") % words
    frozen = set(Wallet.objects.filter(player__in=[pair.goes, pair.stays], frozen_at__isnull=False).values_list("player_id", flat=True))
    if number in frozen and pair.stays.pk not in frozen:
        yield _("Money of #%(number)s is frozen. Lift that first, or freeze the other one too.") % {"number": number}


def carry(pair: Pair, merge: Merge, *, by: Actor, now: datetime) -> Mapping[str, Any]:
    """`through` is the last posting on the account that stays: what comes after it makes the merge one that cannot be undone."""
    return {"moved": _move(pair, merge, f"merge:{merge.pk}", now=now), "through": _last(pair.stays.pk)}


def _move(pair: Pair, merge: Merge, key: str, *, now: datetime) -> list[dict[str, Any]]:
    moved = []
    for code, goes, _stays in _both(pair):
        if goes.cash > 0:
            posted = ledger.post(
                kind=TransactionKind.MERGED, key=f"{key}:{code}", brand=merge.brand_id, amount=goes.cash, currency=code,
                source=Cash(pair.goes.pk), target=Cash(pair.stays.pk), effective_at=now, reference=(Reference.MERGE, merge.pk),
            )  # fmt: skip
            moved.append({"transaction": posted.id, "currency": code, "amount": format(goes.cash, "f"), "key": f"{key}:{code}"})
    return moved


def _last(player_id: int) -> int:
    """The number of the last posting on an account; 0 without any."""
    return Entry.objects.filter(account__player=player_id).order_by("-transaction_id").values_list("transaction_id", flat=True).first() or 0


def carry_late(pair: Pair, merge: Merge, kept: Mapping[str, Any], *, by: Actor, now: datetime) -> Mapping[str, Any]:
    """By postings of the merge's own kind. They are named after the last one on the account that went: the same money moves once.

    They count as the merge's own where nothing else moved since, so that it can still be undone.
    """
    nothing_since = _last(pair.stays.pk) == kept.get("through")
    moved = _move(pair, merge, f"merge:{merge.pk}:after:{_last(pair.goes.pk)}", now=now)
    return {**kept, "moved": [*kept.get("moved", ()), *moved], **({"through": _last(pair.stays.pk)} if nothing_since else {})}


def refuses_undo(pair: Pair, kept: Mapping[str, Any]) -> Iterable[str]:
    # A player's postings take their numbers under the player's lock: a later one has a higher number.
    later = Entry.objects.filter(account__player=pair.stays, transaction_id__gt=kept.get("through", 0)).order_by("transaction_id").first()
    if later is not None:
        words = {"number": pair.stays.pk, "when": times.write(later.recorded_at)}
        yield _("Money of #%(number)s moved since, on %(when)s. Whose it is cannot be told apart any more.") % words


def undo(pair: Pair, merge: Merge, kept: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    for one in kept.get("moved", ()):
        key = one.get("key", f"merge:{merge.pk}:{one['currency']}")  # merges before money could follow have none
        ledger.reverse(
            transaction_id=one["transaction"], kind=TransactionKind.MERGE_UNDONE, key=f"{key}:undone", effective_at=now, reference=(Reference.MERGE, merge.pk)
        )


def late(goes_id: int) -> Iterable[str]:
    """What came in on the merged account since, such as a payout that a bank sent back."""
    for one in balances.of_player(goes_id):
        if one.cash:
            yield str(money.write(one.cash, one.currency))


def plug_in() -> None:
    parts.register(
        KEY,
        Part(
            order=20, permission="wallet.view", lines=lines, refuses=refuses, carry=carry, refuses_undo=refuses_undo, undo=undo, late=late,
            carry_late=carry_late,
        ),
    )  # fmt: skip
