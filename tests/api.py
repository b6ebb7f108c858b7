"""A casino with two front ends that sign their requests as docs/api.md says, for tests of what machines call."""

import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.integrations import keys, scopes
from backoffice.integrations.models import ApiKey
from backoffice.scope import markets, packs
from backoffice.scope.models import Brand
from payments.models import Deposit
from payments.providers import registry
from payments.services import deposits
from tests.payments.news import hears
from wallet import currencies

ROOT = "/api/platform/v1"
_numbers = itertools.count(1)


@dataclass
class FrontEnd:
    """One brand's machine. `call` signs; what is given by name replaces what would have been sent."""

    brand: Brand
    key: ApiKey
    secret: str
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: object = None, *, key: str | None = None, **instead: Any) -> Any:
        """`body`: a value to send as JSON, or bytes as they are. `key`: the Idempotency-Key; a new one for each POST unless given."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        target = path if path.startswith("/api") else ROOT + path
        stamp = instead.get("timestamp", f"{time.time():.6f}")
        signed_body, signed_path = instead.get("signed_body", content), instead.get("signed_path", target)
        text = "\n".join((stamp, instead.get("signed_method", method), signed_path, hashlib.sha256(signed_body).hexdigest()))
        signature = "v1=" + hmac.new(instead.get("secret", self.secret).encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {
            "Countroom-Key": instead.get("key_id", self.key.key_id), "Countroom-Timestamp": stamp,
            "Countroom-Signature": instead.get("signature", signature),
            "Idempotency-Key": key if key is not None else f"test-{next(_numbers)}" if method == "POST" else "",
        }  # fmt: skip
        headers = {name: value for name, value in headers.items() if value and name not in instead.get("without", ())}
        kind = instead.get("content_type", "application/json")
        return self.client.generic(method, target, content, content_type=kind, headers=headers, secure=False)

    def get(self, path: str, **more: Any) -> Any:
        return self.call("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Any:
        return self.call("POST", path, body, **more)

    # ---- what most tests begin with ----

    def register(self, **fields: Any) -> int:
        """The id of a new player, in the brand's first market unless `jurisdiction` says otherwise."""
        answer = self.post("/players", person(**{"jurisdiction": {"nova": "MT", "fjord": "SE"}[self.brand.code], **fields}))
        assert answer.status_code == 201, answer.content
        return int(answer.json()["id"])

    def instrument(self, player: int, **fields: Any) -> int:
        answer = self.post(f"/players/{player}/instruments", card(**fields))
        assert answer.status_code == 201, answer.content
        return int(answer.json()["id"])

    def funded(self, amount: str = "250.00", currency: str = "EUR", **fields: Any) -> tuple[int, int]:
        """A player with cash, and the instrument that it came from."""
        player = self.register(**fields)
        instrument = self.instrument(player)
        fund(player, instrument, amount, currency)
        return player, instrument

    def withdraw(self, player: int, instrument: int, amount: str = "25.00", currency: str = "EUR", **more: Any) -> Any:
        return self.post("/withdrawals", payment(player, instrument, amount, currency), **more)


@dataclass
class Casino:
    nova: FrontEnd
    fjord: FrontEnd


def open_casino() -> Casino:
    """Two brands with their markets, currencies and keys."""
    packs.forget()
    currencies.forget()
    registry.forget()
    cache.clear()
    now = timezone.now()
    for code, name, exponent, kind in currencies.SHIPPED:
        currencies.add(code=code, name=name, exponent=exponent, kind=kind)
    return Casino(
        front_end("nova", "Nova", "Europe/Malta", "EUR", ("MT", "DE", "CA-ON"), now=now),
        front_end("fjord", "Fjord", "Europe/Stockholm", "SEK", ("SE", "GB"), now=now),
    )


def front_end(code: str, name: str, clock: str, currency: str, licensed: tuple[str, ...], *, now: Any, allowed: list[str] | None = None) -> FrontEnd:
    brand, _ = markets.open_brand(code=code, name=name, timezone=clock, base_currency=currency, jurisdictions=licensed, now=now)
    new = keys.create_key(brand=brand, name=f"{name} web", scopes=allowed or list(scopes.known()), by=Actor.system("Test"), now=now)
    return FrontEnd(brand, new.key, new.secret)


def person(**fields: Any) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "external_id": f"web-{number}", "jurisdiction": "MT", "first_name": "Maja", "last_name": "Lind", "birth_date": "1990-05-31",
        "country": "MT", "currency": "EUR", "email": f"maja.{number}@mail.example", **fields,
    }  # fmt: skip


def card(**fields: Any) -> dict[str, Any]:
    number = next(_numbers)
    return {"kind": "card", "label": "Visa", "provider": "nordpay", "token": f"tok_{number}", "last4": "4242", "holder_name": "Maja Lind", **fields}


def payment(player: int, instrument: int, amount: object = "25.00", currency: str = "EUR") -> dict[str, Any]:
    return {"player_id": player, "instrument_id": instrument, "money": {"amount": amount, "currency": currency}}


def fund(player: int, instrument: int, amount: str, currency: str) -> Deposit:
    """Cash by a deposit that the provider has captured."""
    now = timezone.now()
    deposit = deposits.start_deposit(
        player_id=player, instrument_id=instrument, amount=Decimal(amount), currency=currency, key=f"fund-{next(_numbers)}",
        by=Actor.player(player), now=now,
    )  # fmt: skip
    hears(deposit, provider_id=f"pp_{deposit.pk}", now=now)
    return deposit


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer, whose shape and status are as promised."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["detail"]
    assert body["type"].endswith(f"/api/docs#{code}")
    return dict(body)


def pointers(response: Any) -> set[str]:
    return {error["pointer"] for error in response.json()["errors"]}
