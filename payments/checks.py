"""Withdrawal checks: facts that a reviewer decides by. Each answers pass, warn, fail or unknown, with evidence and a link.

An extension point: rooms above (games, bonuses, compliance, fraud) register theirs in `AppConfig.ready()`. What several checks
read is read once, in `Case`; unknown is a state of its own and never green.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Max, Min, Sum

from backoffice.work.checks import Result, in_order
from payments.models import Deposit, Refund, Withdrawal
from players.models import Player, SignIn
from wallet import counters

WINDOWS = {"24 h": timedelta(hours=24), "7 d": timedelta(days=7), "30 d": timedelta(days=30)}


@dataclass
class Funded:
    """Deposits over one instrument, units of the withdrawal's currency."""

    label: str
    kind: str = ""
    provider: str = ""
    in_use: bool = True
    count: int = 0
    total: Decimal = Decimal(0)
    credited: Decimal = Decimal(0)  # of it, what no bank has taken back
    first: datetime | None = None
    last: datetime | None = None
    charged_back: int = 0


@dataclass
class PaidBack:
    """What went to one instrument, units of the withdrawal's currency: `paid` is settled, `committed` what is paid, on its way, or refunded."""

    label: str
    paid: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)


@dataclass
class Case:
    """A withdrawal and what the checks share about it, each read once and only when a check asks."""

    withdrawal: Withdrawal
    now: datetime
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def player(self) -> Player:
        return self.withdrawal.player

    @cached_property
    def deposits(self) -> dict[int, Funded]:
        """Credited deposits of the player in the withdrawal's currency, by instrument."""
        rows = (
            Deposit.objects.filter(player_id=self.withdrawal.player_id, currency=self.withdrawal.currency, state__in=["credited", "charged_back"])
            .order_by()
            .values("instrument_id", "instrument__label", "instrument__last4", "instrument__kind", "instrument__provider", "instrument__removed_at", "state")
            .annotate(count=Count("pk"), total=Sum("amount"), first=Min("credited_at"), last=Max("credited_at"))
        )
        found: dict[int, Funded] = {}
        for row in rows:
            label, in_use = f"{row['instrument__label']} ••{row['instrument__last4']}", row["instrument__removed_at"] is None
            kept = found.setdefault(row["instrument_id"], Funded(label, row["instrument__kind"], row["instrument__provider"], in_use))
            kept.count += row["count"]
            kept.total += row["total"]
            kept.credited += row["total"] if row["state"] == "credited" else 0
            kept.first = min(filter(None, [kept.first, row["first"]]), default=None)
            kept.last = max(filter(None, [kept.last, row["last"]]), default=None)
            if row["state"] == "charged_back":
                kept.charged_back += row["count"]
        return found

    @cached_property
    def paid_back(self) -> dict[int, PaidBack]:
        """What went back to each instrument in the withdrawal's currency, by other withdrawals and by refunds. One query."""
        of = {"player_id": self.withdrawal.player_id, "currency": self.withdrawal.currency}
        columns = ("instrument_id", "instrument__label", "instrument__last4", "state")
        paid = Withdrawal.objects.filter(**of, state__in=["approved", "sent", "unknown", "settled"]).exclude(pk=self.withdrawal.pk)
        refunded = Refund.objects.filter(**of, state__in=["approved", "sent", "unknown", "paid"])
        rows = paid.order_by().values_list(*columns).annotate(total=Sum("amount")).union(
            refunded.order_by().values_list(*columns).annotate(total=Sum("amount")), all=True
        )  # fmt: skip
        found: dict[int, PaidBack] = {}
        for pk, label, last4, state, total in rows:
            kept = found.setdefault(pk, PaidBack(f"{label} ••{last4}"))
            kept.committed += total
            kept.paid += total if state == "settled" else 0
        return found

    @cached_property
    def earlier(self) -> list[Withdrawal]:
        """The player's other withdrawals, newest first, at most fifty."""
        others = Withdrawal.objects.filter(player_id=self.withdrawal.player_id).exclude(pk=self.withdrawal.pk)
        return list(others.select_related("decided_by", "instrument").order_by("-requested_at")[:50])

    @cached_property
    def velocity(self) -> dict[str, counters.Sum]:
        return counters.over(
            player_id=self.withdrawal.player_id, measure="withdrawal.requested", currency=self.withdrawal.currency, windows=WINDOWS,
            now=self.withdrawal.requested_at,
        )  # fmt: skip

    @cached_property
    def sign_ins(self) -> list[SignIn]:
        """Admitted sign-ins up to the request, newest first, at most two hundred."""
        found = SignIn.objects.filter(player_id=self.withdrawal.player_id, succeeded=True, at__lte=self.withdrawal.requested_at)
        return list(found.select_related("device").order_by("-at")[:200])


@dataclass(frozen=True)
class Check:
    code: str  # shown beside the result, such as PAY-01
    run: Callable[[Case], Result]


_checks: dict[str, Check] = {}


def register(*checks: Check) -> None:
    """Add checks. The same code twice with another function is a mistake."""
    for check in checks:
        if _checks.setdefault(check.code, check) != check:
            raise ValueError(f"The check {check.code} is registered twice.")


def run_all(case: Case) -> list[Result]:
    """Every registered check: what failed first, then warnings, then what is unknown."""
    return in_order(check.run(case) for check in _checks.values())
