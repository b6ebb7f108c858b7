"""From what was read to what stands on the paper: lines in order, running balances, totals, and the proof that all of it adds up."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from wallet.kinds import AccountKind, TransactionKind
from wallet.statements import kinds, names
from wallet.statements.reading import ZERO, DoesNotAddUp, Stand, add

OWN, BONUS = "own", "bonus"


@dataclass(frozen=True)
class Line:
    """One movement of a part of a player's money. `held` is by how much what is held changed; it is part of `amount` where money left or came with it.

    Play: `ends` is when its last posting was, `count` how many they were.
    """

    at: datetime
    transaction: int
    kind: str
    amount: Decimal
    held: Decimal = ZERO
    what: str = ""  # the ledger's kind, by name
    reference: str = ""
    ends: datetime | None = None
    count: int = 1
    wagered: Decimal = ZERO
    won: Decimal = ZERO
    balance: Decimal = ZERO


@dataclass
class Total:
    kind: str
    count: int = 0
    amount: Decimal = ZERO
    held: Decimal = ZERO
    wagered: Decimal = ZERO
    won: Decimal = ZERO


@dataclass
class Part:
    """One currency of the player's own money (cash and held) or of bonus money."""

    currency: str
    money: str
    opening: Decimal = ZERO
    opening_held: Decimal = ZERO
    closing: Decimal = ZERO
    closing_held: Decimal = ZERO
    lines: list[Line] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.lines or self.opening or self.closing)


def compose(stand: Stand, contents: Iterable[bytes], *, zone: ZoneInfo, currency: str) -> list[Part]:
    """Every currency, the player's own (`currency`) first. Raises DoesNotAddUp."""
    found: dict[tuple[str, str], Part] = {(currency, OWN): Part(currency, OWN)}
    whose: dict[int, tuple[Part, int]] = {}
    assert stand.sums is not None  # noqa: S101
    for number, code, kind in stand.accounts:
        money = BONUS if kind == AccountKind.BONUS else OWN
        part = found.setdefault((code, money), Part(code, money))
        whose[number] = (part, kind)
        before, inside, _later = stand.sums[str(number)]
        part.opening, part.closing = add(part.opening, before), add(add(part.closing, before), inside)
        if kind == AccountKind.HOLD:
            part.opening_held, part.closing_held = add(part.opening_held, before), add(add(part.closing_held, before), inside)
    _place(contents, whose)
    for part in found.values():
        part.lines = _fold(_merge(part.lines), zone)
        _run(part)
    parts = [part for part in found.values() if not part.empty or (part.money == OWN and part.currency == currency)]
    return sorted(parts, key=lambda part: (part.currency != currency, part.currency, part.money != OWN))


def _place(contents: Iterable[bytes], whose: dict[int, tuple[Part, int]]) -> None:
    """Each line into the part that its account belongs to, with the name of what it refers to."""
    raw: list[dict[str, Any]] = [json.loads(text) for content in contents for text in content.splitlines()]
    known = names.of({(one["r"][0], one["r"][1]) for one in raw if one.get("r")})
    for one in raw:
        part, account = whose[one["a"]]
        amount, at = Decimal(one["m"]), datetime.fromisoformat(one["at"])
        held = amount if account == AccountKind.HOLD else ZERO
        if "n" in one:
            ends, wagered, won = datetime.fromisoformat(one["z"]), Decimal(one["w"]), Decimal(one["v"])
            part.lines.append(Line(at, one["t"], "play", amount, held, ends=ends, count=one["n"], wagered=wagered, won=won))
            continue
        name = known.get(tuple(one["r"]), "") if one["r"] else ""
        kind = kinds.of(one["k"], amount)
        part.lines.append(Line(at, one["t"], kind, amount, held, TransactionKind(one["k"]).name, name or f"TX-{one['t']}"))


def _merge(lines: list[Line]) -> list[Line]:
    """What one transaction moved on cash and held money is one line."""
    together: dict[tuple[int, bool], Line] = {}
    for line in lines:
        key = (line.transaction, line.kind == "play")
        seen = together.get(key)
        together[key] = line if seen is None else replace(
            seen, amount=add(seen.amount, line.amount), held=add(seen.held, line.held), wagered=add(seen.wagered, line.wagered),
            won=add(seen.won, line.won),
        )  # fmt: skip
    return sorted(together.values(), key=lambda line: (line.ends or line.at, line.transaction))


def _fold(lines: list[Line], zone: ZoneInfo) -> list[Line]:
    """Play that was read in two pieces and that nothing comes between is one line."""
    found: list[Line] = []
    for line in lines:
        last = found[-1] if found else None
        if last is not None and last.kind == line.kind == "play" and last.at.astimezone(zone).date() == line.at.astimezone(zone).date():
            found[-1] = replace(
                last, at=min(last.at, line.at), ends=line.ends, count=last.count + line.count, amount=add(last.amount, line.amount),
                held=add(last.held, line.held), wagered=add(last.wagered, line.wagered), won=add(last.won, line.won),
            )  # fmt: skip
        else:
            found.append(line)
    return found


def _run(part: Part) -> None:
    """Running balances and totals. The last balance and the totals must lead to the closing balance that the ledger has."""
    balance, held, lines = part.opening, part.opening_held, []
    totals: dict[str, Total] = {}
    for line in part.lines:
        balance, held = add(balance, line.amount), add(held, line.held)
        lines.append(replace(line, balance=balance))
        total = totals.setdefault(line.kind, Total(line.kind))
        total.count += line.count
        total.amount, total.held = add(total.amount, line.amount), add(total.held, line.held)
        total.wagered, total.won = add(total.wagered, line.wagered), add(total.won, line.won)
    part.lines, part.totals = lines, sorted(totals.values(), key=lambda total: kinds.ORDER.index(total.kind))
    summed = part.opening
    for total in part.totals:
        summed = add(summed, total.amount)
    if (balance, held, summed) != (part.closing, part.closing_held, part.closing):
        raise DoesNotAddUp(
            f"{part.currency}, {part.money}: opening {part.opening} and what moved lead to {balance} ({held} held), the ledger holds {part.closing}"
            f" ({part.closing_held} held)."
        )


def listed(parts: Iterable[Part]) -> int:
    return sum(len(part.lines) for part in parts)
