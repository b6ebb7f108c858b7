"""Segments of the demo's brands. Who is in them is computed by the demo's own worker."""

from typing import Any

from django.utils import timezone

from backoffice.approvals.services.applying import enact
from backoffice.scope.models import Brand
from players.models import Segment
from players.segments.kind import SUBJECT

SEGMENTS: tuple[tuple[str, str, str, int, dict[str, Any]], ...] = (
    ("quiet", "Quiet for two weeks", "For the letter that asks how they are", 6, {"signed_in_least": 14, "registered_least": 30}),
    ("big", "Net deposits above 1,000 EUR in 90 days", "A person calls them", 1,
     {"net_deposits_least": "1000", "net_deposits_currency": "EUR", "net_deposits_days": 90}),
)  # fmt: skip


def run() -> str:
    made = 0
    for brand in Brand.objects.order_by("pk"):
        for code, name, about, hours, conditions in SEGMENTS:
            if not Segment.objects.filter(pk=f"{code}-{brand.code}").exists():
                own = {"code": f"{code}-{brand.code}", "name": name, "about": about, "brand": brand.pk, "every_hours": hours, "active": True}
                enact(kind=SUBJECT, values={**own, **conditions}, reason="Demo", now=timezone.now())
                made += 1
    return f"{made} segments"
