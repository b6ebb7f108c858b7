"""Which policy speaks about a change or a decision, and who may agree. Read from the table, remembered for two seconds."""

from dataclasses import dataclass
from datetime import datetime
from datetime import time as clock
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from backoffice.approvals.models import Policy
from backoffice.approvals.registry import Guarded, registry
from backoffice.runtime.remembered import Remembered

FRESH_SECONDS = 2.0
NEVER = Decimal("Infinity")


@dataclass(frozen=True)
class Rule:
    """A policy as it stands, or the kind's own default when no policy speaks."""

    kind: str
    needed: int
    permission: str
    policy_id: int | None = None
    brand_id: int | None = None
    amounts: tuple[tuple[str, Decimal], ...] = ()
    roles: frozenset[str] = frozenset()
    substitutes: frozenset[str] = frozenset()
    night_from: clock | None = None
    night_until: clock | None = None
    timezone: str = "UTC"
    position: int = 0
    active: bool = True

    def floor(self, currency: str) -> Decimal:
        """It speaks above this amount. Names of amounts leave no currency out: one that is missing is covered from zero."""
        return dict(self.amounts).get(currency, Decimal(0))

    def night(self, now: datetime) -> bool:
        """Whether the substitutes' hours run, on the policy's own clock. Hours may pass midnight."""
        if self.night_from is None or self.night_until is None:
            return False
        here = now.astimezone(ZoneInfo(self.timezone)).time()
        if self.night_from <= self.night_until:
            return self.night_from <= here < self.night_until
        return here >= self.night_from or here < self.night_until

    def regular(self, staff: Any) -> bool:
        return bool(self.roles & staff.role_codes) if self.roles else staff.may(self.permission)

    def substitute(self, staff: Any, *, now: datetime) -> bool:
        """Whether this person may agree only because it is night."""
        return not self.regular(staff) and bool(self.substitutes & staff.role_codes) and self.night(now)

    def allows(self, staff: Any, *, now: datetime) -> bool:
        """Whether this person may agree now. That they did not ask for it themselves is for the caller, and for the database."""
        return staff.is_active and (self.regular(staff) or self.substitute(staff, now=now))


def of_policy(policy: Policy) -> Rule:
    guarded = registry.guarded(policy.kind)
    return Rule(
        policy.kind, max(policy.approvals, guarded.least), guarded.permission, policy.pk, policy.brand_id,
        tuple((code, Decimal(text)) for code, text in policy.amounts.items()), frozenset(policy.roles), frozenset(policy.substitutes),
        policy.night_from, policy.night_until, policy.timezone, policy.position, policy.active,
    )  # fmt: skip


def default(guarded: Guarded) -> Rule:
    return Rule(guarded.code, max(guarded.default, guarded.least), guarded.permission)


def _read() -> list[Rule]:
    return [of_policy(policy) for policy in Policy.objects.all() if policy.kind in registry]


_everything = Remembered(_read, seconds=FRESH_SECONDS)
forget = _everything.forget


def everything(*, fresh: bool = False) -> list[Rule]:
    """Every policy, those that ended too, in order. `fresh` asks the table, for those who are about to write."""
    if fresh:
        _everything.forget()
    return _everything()


def candidates(code: str, *, brand_id: int | None, fresh: bool = False) -> list[Rule]:
    """The policies of the brand for a kind; without any, those for every brand; without any, the kind's default."""
    rules = [rule for rule in everything(fresh=fresh) if rule.kind == code and rule.active]
    own = [rule for rule in rules if brand_id is not None and rule.brand_id == brand_id]
    return own or [rule for rule in rules if rule.brand_id is None] or [default(registry.guarded(code))]


def resolve(code: str, *, brand_id: int | None = None, amount: Decimal | None = None, currency: str = "", fresh: bool = False) -> Rule:
    """The rule that speaks. Among those whose amount is exceeded, the one that asks for most approvals, then the first.

    When none reaches down to this amount, nobody else has to agree.
    """
    found = candidates(code, brand_id=brand_id, fresh=fresh)
    if amount is not None:
        found = [rule for rule in found if amount > rule.floor(currency)]
    guarded = registry.guarded(code)
    if not found:
        return Rule(code, guarded.least, guarded.permission)
    return max(found, key=lambda rule: (rule.needed, -rule.position, -(rule.policy_id or 0)))


def threshold(code: str, *, brand_id: int | None, currency: str, fresh: bool = False) -> Decimal:
    """The amount above which somebody else has to agree; `NEVER` when no amount is too large."""
    floors = [rule.floor(currency) for rule in candidates(code, brand_id=brand_id, fresh=fresh) if rule.needed]
    return min(floors, default=NEVER)


def of_change(change: Any) -> Rule:
    """The rule for a submitted change: its policy as it stands now, and never fewer approvals than were promised."""
    guarded = registry.guarded(change.kind)
    rule = of_policy(change.policy) if change.policy is not None else default(guarded)
    if rule.needed >= change.needed:
        return rule
    from dataclasses import replace

    return replace(rule, needed=change.needed)


def forget_soon() -> None:
    """After a policy was written: at once for this transaction, and once more when others can see it."""
    forget()
    transaction.on_commit(forget)
