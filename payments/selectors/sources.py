"""What each of a player's methods put in and got back, and how a withdrawal goes back to them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.scope import packs
from payments.checks import Case
from payments.closed_loop import Line, Source, Strategy, split
from payments.providers import registry
from payments.providers.protocol import Method, Operation
from wallet import currencies
from wallet.currencies import EXACT

WORDS = {Strategy.NONE: _("where the player asked for"), Strategy.OLDEST_FIRST: _("oldest first"), Strategy.PROPORTIONAL: _("in proportion")}


@dataclass(frozen=True)
class Plan:
    """How a withdrawal goes back, and by which rule."""

    lines: list[Line]
    sources: list[Source]
    strategy: Strategy
    citation: str

    @property
    def words(self) -> str:
        return str(WORDS[self.strategy])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A line for each method: what it put in and got back, and what of this withdrawal goes to it."""
        shares = {line.instrument_id: line for line in self.lines}
        known = [
            {"label": one.label, "source": one, "amount": shares[one.instrument_id].amount if one.instrument_id in shares else None} for one in self.sources
        ]
        seen = {one.instrument_id for one in self.sources}
        return [*known, *({"label": line.label, "amount": line.amount, "rest": True} for line in self.lines if line.instrument_id not in seen)]


def plan(case: Case) -> Plan | None:
    """None where the player's market has no rule. From what the checks have read."""
    if "plan" not in case.notes:
        case.notes["plan"] = _plan(case)
    return case.notes["plan"]  # type: ignore[return-value]


def _plan(case: Case) -> Plan | None:
    withdrawal = case.withdrawal
    try:
        rule = packs.number(withdrawal.player.jurisdiction_id, "withdrawal.return_to_source", on=case.now.date())
        strategy = Strategy(rule.value)
    except (packs.NoPack, ValueError):
        return None
    found = _sources(case)
    exponent = currencies.get(withdrawal.currency).exponent
    rest = (withdrawal.instrument_id, str(withdrawal.instrument))
    lines = split(Decimal(withdrawal.amount), found, strategy=strategy, exponent=exponent, rest=rest)
    return Plan(_joined(lines), found, strategy, rule.citation)


def _joined(lines: list[Line]) -> list[Line]:
    """The rest goes to the method that was asked for; where that is a source too, it is one payment."""
    if len(lines) > 1 and not lines[-1].returned:
        rest = lines[-1]
        for number, line in enumerate(lines[:-1]):
            if line.instrument_id == rest.instrument_id:
                whole = Line(line.instrument_id, line.label, EXACT.add(line.amount, rest.amount), True)
                return [*lines[:number], whole, *lines[number + 1 : -1]]
    return lines


def _sources(case: Case) -> list[Source]:
    found = [
        Source(
            pk, row.label, row.credited, case.paid_back[pk].committed if pk in case.paid_back else Decimal(0), row.first or case.now,
            row.in_use and _takes(row.provider, row.kind, case.withdrawal.currency),
        )
        for pk, row in case.deposits.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.first_at, one.instrument_id))


def _takes(provider: str, kind: str, currency: str) -> bool:
    """Whether the provider pays out by this method. One that is not connected here is believed to."""
    try:
        return registry.get(provider).capabilities.supports(operation=Operation.PAYOUT, method=Method(kind), currency=currency)
    except (registry.UnknownProvider, registry.BadProviderSettings):
        return True
