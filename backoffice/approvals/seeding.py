"""The demo's policies of the kit, and changes that wait for somebody."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from backoffice.access import demo
from backoffice.access.models import Staff
from backoffice.approvals.models import Policy
from backoffice.approvals.registry import Values, registry
from backoffice.approvals.services import drafts
from backoffice.approvals.services.applying import enact
from backoffice.runtime.seeders import Seeder, seeders

DEFAULT: Values = {
    "kind": "", "brand": "", "amounts": {}, "approvals": 1, "roles": [], "substitutes": [], "night_from": "", "night_until": "", "timezone": "Europe/Malta",
    "position": 0, "active": True,
}  # fmt: skip


def keep_policy(kind: str, **values: Any) -> bool:
    """Set a policy for every brand, once: what people changed since then stays."""
    if Policy.objects.filter(kind=kind, brand=None).exists():
        return False
    enact(kind="approvals.policy", values={**DEFAULT, "kind": kind, **values}, reason="Demo", now=timezone.now())
    return True


def propose(who: str, *, kind: str, subject: str = "", values: Values, reason: str, ago: timedelta, in_force_in: timedelta | None = None) -> None:
    """A change in review by one of the demo's people, who are known by their role; once."""
    by, now = demo.find(who), timezone.now() - ago
    key = f"demo:{kind}:{subject}"
    draft = drafts.draft(kind=kind, subject=subject, values=values, by=by, key=key, now=now)
    if draft.state == "draft":
        day = _noon(timezone.now() + in_force_in, by) if in_force_in else None
        drafts.submit(change_id=draft.pk, version=draft.version, reason=reason, by=by, now=now, effective_at=day)


def _noon(at: datetime, by: Staff) -> datetime:
    return at.astimezone(by.zone).replace(hour=12, minute=0, second=0, microsecond=0)


def policies() -> str:
    both = ["compliance", "owner"]
    made = [
        keep_policy("approvals.policy", roles=both), keep_policy("access.role", roles=both),
        keep_policy("scope.pack", roles=both, substitutes=["head-of-payments"], night_from="22:00", night_until="07:00"),
    ]  # fmt: skip
    return f"{sum(made)} policies"


def changes() -> str:
    pack = registry.kind("scope.pack").current("MT")
    if pack is not None:
        start = timezone.localdate() + timedelta(days=30)
        text = re.sub(r"(?m)^version\s*=.*$", "version = 2", pack["text"], count=1)
        text = re.sub(r"(?m)^effective_from\s*=.*$", f"effective_from = {start}", text, count=1)
        text = re.sub(r"(?ms)(\[\"?player\.idle_minutes\"?\]\s*value\s*=\s*)\d+", r"\g<1>20", text, count=1)
        if "version = 1" in pack["text"]:
            propose(
                "compliance",
                kind="scope.pack",
                subject="MT",
                values={"text": text},
                reason="Shorter idle time, as agreed with the regulator",
                ago=timedelta(hours=5),
            )
    night = {
        "code": "night-shift", "name": "Night shift", "purpose": "Reviews withdrawals at night, up to a small amount", "follows": False,
        "permissions": ["approvals.view", "payments.decide", "payments.view", "players.view"],
        "limits": {"payments.decide": {"EUR": "500.00", "SEK": "5500.00"}},
    }  # fmt: skip
    propose(
        "owner",
        kind="access.role",
        values=night,
        reason="Two people cover 22:00 to 06:00 from next month on",
        ago=timedelta(hours=26),
        in_force_in=timedelta(days=10),
    )
    return "a pack and a role wait for approval"


seeders.register(Seeder("Approval policies", 45, policies))
seeders.register(Seeder("Open changes", 60, changes))
