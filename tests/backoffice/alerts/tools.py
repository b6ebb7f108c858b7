"""Rules, alerts and facts for tests, as the house itself makes them."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from django.utils import timezone

from backoffice.alerts import evaluating
from backoffice.alerts.models import Alert, Rule
from backoffice.approvals.services.applying import enact
from backoffice.audit.actors import Actor
from backoffice.integrations.models import Delivery
from backoffice.integrations.webhooks import services as webhooks
from backoffice.scope.models import Brand
from payments.models import Deposit
from payments.providers.protocol import DepositState
from payments.services import deposits
from tests.casino import new_instrument, new_player
from tests.payments.news import hears
from tests.people import make_person

ROOT = Path(__file__).parents[3]
SYSTEM = Actor.system("test")
_numbers = itertools.count(1)


def values(owner: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": "Deposits fail", "measure": "payments.deposit_failures", "brand": "", "provider": "", "per": "together", "minutes": 15, "condition": "above",
        "threshold": "20.00", "weeks": 4, "least": 3, "severity": "critical", "owner": str(owner.pk), "people": [], "roles": [], "mail": False,
        "endpoints": [], "repeat_minutes": 0, "active": True, **more,
    }  # fmt: skip


def put_rule(owner: Any = None, *, subject: str = "", now: Any = None, **more: Any) -> Rule:
    """A rule in force, by the house."""
    owner = owner or make_person("owner")
    change = enact(kind="alerts.rule", subject=subject, values=values(owner, **more), reason="Test", now=now or timezone.now())
    assert change is not None
    return Rule.objects.get(pk=change.subject)


def fired(brand: Brand) -> Alert:
    """An alert of one brand, in which few register."""
    rule = put_rule(
        name=f"Few registrations at {brand.name}", measure="players.registrations", brand=brand.code, condition="below", threshold="1000.00", least=0
    )
    evaluating.evaluate(rule.pk, now=timezone.now() + timedelta(seconds=1))
    return Alert.objects.get(rule=rule)


def delivered(brand: Brand) -> Delivery:
    """A delivery of one brand's endpoint that was given up."""
    made = webhooks.create(
        name=f"Pager of {brand.name}", url="https://hooks.example/", topic_codes=["alert.firing"], brand=brand, by=SYSTEM, now=timezone.now()
    )
    webhooks.publish(topic="alert.firing", data={}, key=f"test:{brand.pk}", now=timezone.now(), brand_id=brand.pk)
    delivery = Delivery.objects.get(endpoint=made.endpoint)
    Delivery.objects.filter(pk=delivery.pk).update(state="failed", next_attempt_at=None, ended_at=timezone.now())
    return delivery


def ended(player: Any, instrument: Any, *, well: bool, at: Any) -> Deposit:
    """A deposit that was captured or failed at a moment."""
    number = next(_numbers)
    if not well:  # each of somebody else: too many of one player's would block their deposits
        player = new_player(player.brand, is_test=player.is_test)
        instrument = new_instrument(player)
    deposit = deposits.start_deposit(
        player_id=player.pk, instrument_id=instrument.pk, amount=Decimal(10), currency="EUR", key=f"e-{number}", by=Actor.player(player.pk), now=at
    )
    state = DepositState.CAPTURED if well else DepositState.FAILED
    hears(deposit, state, provider_id=f"x-{number}", sequence=1, now=at)
    return deposit


class Listener:
    """A catcher process: what it took, checked against its secret."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.file, self.secret = folder / "webhooks.jsonl", secret
        command = [sys.executable, "-m", "backoffice.integrations.sandboxes.catcher", "--port", "0", "--file", str(self.file), "--secret", secret]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().rpartition(" ")[2]

    @property
    def took(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def tell(self, word: str) -> None:
        assert httpx.post(f"{self.url}/{word}", trust_env=False).status_code == 204

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def listening(folder: Path, secret: str = "s3cret") -> Iterator[Listener]:
    listener = Listener(folder, secret)
    try:
        yield listener
    finally:
        listener.close()
