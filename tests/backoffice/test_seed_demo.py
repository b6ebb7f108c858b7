"""The demo's beginning: everything is there, a second time changes nothing."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.audit.models import Event
from backoffice.integrations import keys
from backoffice.integrations.models import ApiKey
from backoffice.scope import packs
from backoffice.scope.models import Brand, Jurisdiction, PackVersion
from payments import limits, seeding
from wallet import currencies
from wallet.models import Currency, ExchangeRate


@pytest.fixture
def seeded(committed_db: object, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DATA_DIR = tmp_path
    packs.forget()
    currencies.forget()
    monkeypatch.setattr(seeding, "play_history", lambda: "left out")
    monkeypatch.setattr(seeding, "PLAYERS", 1)
    call_command("seed_demo", stdout=io.StringIO())
    return tmp_path


def counted() -> list[int]:
    return [model.objects.count() for model in (Brand, Jurisdiction, PackVersion, Currency, ExchangeRate, ApiKey, Event)]


def test_everything_is_there(seeded: Path) -> None:
    brands = {brand.code: (brand.timezone, brand.base_currency) for brand in Brand.objects.all()}
    assert brands == {"nova": ("Europe/Malta", "EUR"), "fjord": ("Europe/Stockholm", "SEK")}
    markets = {brand.code: sorted(brand.jurisdictions.values_list("code", flat=True)) for brand in Brand.objects.all()}
    assert markets == {"nova": ["CA-ON", "DE", "MT"], "fjord": ["GB", "SE"]}
    assert PackVersion.objects.count() == Jurisdiction.objects.count() == 5
    assert dict(Currency.objects.values_list("code", "exponent")) == {code: exponent for code, _, exponent, _ in currencies.SHIPPED}
    nova = Brand.objects.get(code="nova")
    assert limits.four_eyes(brand_id=nova.pk, currency="EUR") == Decimal(2000)
    assert limits.four_eyes(brand_id=nova.pk, currency="BTC") == Decimal("0.023")


def test_a_second_time_changes_nothing(seeded: Path) -> None:
    before, file = counted(), (seeded / "demo-api-keys.json").read_text()
    call_command("seed_demo", stdout=io.StringIO())

    assert counted() == before
    assert (seeded / "demo-api-keys.json").read_text() == file


def test_front_ends_find_their_keys_where_only_they_may_read(seeded: Path) -> None:
    file = seeded / "demo-api-keys.json"
    found = json.loads(file.read_text())

    assert file.stat().st_mode & 0o777 == 0o600
    assert found.keys() == {"nova", "fjord"}
    assert all(ApiKey.objects.get(key_id=entry["key_id"]).secret == entry["secret"] for entry in found.values())


def test_a_revoked_key_is_replaced(seeded: Path) -> None:
    from django.utils import timezone

    from backoffice.audit.actors import Actor

    old = json.loads((seeded / "demo-api-keys.json").read_text())["nova"]["key_id"]
    keys.revoke_key(key_id=old, by=Actor.system("Test"), now=timezone.now())
    call_command("seed_demo", stdout=io.StringIO())

    assert json.loads((seeded / "demo-api-keys.json").read_text())["nova"]["key_id"] != old
