"""Withdrawal checks: facts that a reviewer decides by. Each answers pass, warn, fail or unknown, with evidence and a link.

An extension point: rooms above (games, bonuses, compliance, fraud) register theirs in `AppConfig.ready()`. What several checks
read is read once, in `Case`; unknown is a state of its own and never green.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Max, Sum

from backoffice.work.checks import Result, in_order
from payments.models import Deposit, Withdrawal
from players.models import Player, SignIn
from wallet import counters

WINDOWS = {"24 h": timedelta(hours=24), "7 d": timedelta(days=7), "30 d": timedelta(days=30)}


@dataclass
class Funded:
    """Deposits over one instrument, units of the withdrawal's currency."""

    label: str
    count: int = 0
    total: Decimal = Decimal(0)
    last: datetime | None = None
    charged_back: int = 0


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
            .values("instrument_id", "instrument__label", "instrument__last4", "state")
            .annotate(count=Count("pk"), total=Sum("amount"), last=Max("credited_at"))
        )
        found: dict[int, Funded] = {}
        for row in rows:
            kept = found.setdefault(row["instrument_id"], Funded(f"{row['instrument__label']} ••{row['instrument__last4']}"))
            kept.count += row["count"]
            kept.total += row["total"]
            kept.last = max(filter(None, [kept.last, row["last"]]), default=None)
            if row["state"] == "charged_back":
                kept.charged_back += row["count"]
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
