"""The demo's rules: what a house watches from the first day. The one on deposit failures is left to be written by hand (docs/alerts.md)."""

from typing import Any

from django.utils import timezone

from backoffice.access import demo
from backoffice.alerts.models import Rule
from backoffice.approvals.services.applying import enact
from backoffice.integrations.models import Endpoint
from backoffice.runtime.seeders import Seeder, seeders


def run() -> str:
    head = demo.find("head-of-payments")
    catchers = [str(pk) for pk in Endpoint.objects.filter(name="Local catcher", active=True).values_list("pk", flat=True)]
    common: dict[str, Any] = {
        "brand": "", "provider": "", "weeks": 4, "owner": str(head.pk), "people": [], "roles": [], "mail": False, "endpoints": catchers, "repeat_minutes": 0,
        "active": True,
    }  # fmt: skip
    wanted = [
        {"name": "A withdrawal waits for two days", "measure": "payments.queue_age", "per": "brand", "minutes": 5, "condition": "above", "threshold": "2880.00",
         "least": 1, "severity": "warning", "roles": ["payments-l2"]},
        {"name": "Payouts are slow", "measure": "payments.payout_time", "per": "provider", "minutes": 60, "condition": "above", "threshold": "30.00",
         "least": 5, "severity": "warning"},
        {"name": "Deposits fall against past weeks", "measure": "payments.deposits", "per": "together", "minutes": 360, "condition": "fall",
         "threshold": "60.00", "least": 10, "severity": "critical", "mail": True},
        {"name": "Chargebacks of the day", "measure": "payments.chargebacks", "per": "provider", "minutes": 1440, "condition": "above", "threshold": "10.00",
         "least": 1, "severity": "warning", "roles": ["fraud"]},
    ]  # fmt: skip
    made = 0
    for values in wanted:
        if not Rule.objects.filter(name=values["name"]).exists():
            enact(kind="alerts.rule", values={**common, **values}, reason="Demo", now=timezone.now())
            made += 1
    return f"{made} rules"


seeders.register(Seeder("Alert rules", 62, run))
