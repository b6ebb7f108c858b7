"""The demo's four-eyes limits, and its past."""

import io
import os
from datetime import timedelta
from decimal import Decimal

from django.core.management import call_command
from django.utils import timezone

from backoffice.approvals.models import Policy
from backoffice.runtime.seeders import Seeder, seeders
from backoffice.scope.models import Brand
from payments import limits

# Units of the currency: about two thousand euro each.
FOUR_EYES = {
    "EUR": "2000", "GBP": "1750", "SEK": "22000", "CAD": "3200", "JPY": "320000", "KWD": "680", "BTC": "0.023", "ETH": "0.68",
}  # fmt: skip
PLAYERS = 240  # as many as the demo's start has time for


def set_limits() -> str:
    now = timezone.now()
    amounts = {currency: Decimal(amount) for currency, amount in FOUR_EYES.items()}
    for brand in Brand.objects.all():
        if not Policy.objects.filter(kind=limits.ACT, brand=brand).exists():  # what people changed since then stays
            limits.set_four_eyes(
                brand_id=brand.pk, amounts=amounts, roles=("payments-l2", "head-of-payments", "owner"), substitutes=("payments-l1",),
                night=("22:00", "06:00", brand.timezone), now=now, reason="Demo",
            )  # fmt: skip
    return f"{len(FOUR_EYES)} for each brand"


def open_changes() -> str:
    """Policies of this room's kinds, and changes of them that wait for somebody."""
    from backoffice.approvals import seeding
    from backoffice.approvals.registry import registry

    seeding.keep_policy("payments.reason", roles=["head-of-payments", "owner", "compliance"])
    reason = registry.kind("payments.reason").current("NAME_MISMATCH")
    told = "The account that you asked us to pay to is in another name than your player account. Please add one in your own name."
    if reason is not None and reason["player_text"] != told:
        seeding.propose(
            "head-of-payments", kind="payments.reason", subject="NAME_MISMATCH", values={**reason, "label": "Account in another name", "player_text": told},
            reason="Players ask support what the old sentence means, nine times last week", ago=timedelta(hours=3),
        )  # fmt: skip
    nova = Policy.objects.filter(kind=limits.ACT, brand__code="nova", active=True).first()
    if nova is not None:
        values = registry.kind("approvals.policy").current(str(nova.pk)) or {}
        if values["amounts"].get("EUR") == FOUR_EYES["EUR"]:
            amounts = {**values["amounts"], "EUR": "1500", "GBP": "1300"}
            seeding.propose(
                "compliance", kind="approvals.policy", subject=str(nova.pk), values={**values, "amounts": amounts}, ago=timedelta(hours=20),
                reason="Two payouts just under the old limit went to one account in October",
            )  # fmt: skip
    return "a reason code and a limit wait for approval"


def play_astray() -> str:
    from payments.history import astray

    return astray.play()


def play_quiet() -> str:
    from payments.history import quiet

    return quiet.play()


def play_history() -> str:
    said = io.StringIO()
    call_command("seed_history", players=PLAYERS, days=365, seed=1, jobs=min(4, os.cpu_count() or 1), stdout=said)
    return said.getvalue().strip()


seeders.register(Seeder("Four-eyes limits", 50, set_limits))
seeders.register(Seeder("Payments' open changes", 61, open_changes))
seeders.register(Seeder("Dormant accounts", 89, play_quiet))
seeders.register(Seeder("Payments that went astray", 89, play_astray))
seeders.register(Seeder("History", 90, play_history))
