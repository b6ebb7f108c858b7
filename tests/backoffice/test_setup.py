"""A real operator's first set-up: everything is checked before anything is written; weak passwords and demo people are refused."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from backoffice.access.models import Staff
from backoffice.scope import packs
from backoffice.scope.models import Brand, PackVersion
from wallet import currencies
from wallet.models import Currency

PASSWORD = "a quiet harbour at seven"


@pytest.fixture
def empty(committed_db: object) -> None:
    packs.forget()
    currencies.forget()


def run(tmp_path: Path, password: str = PASSWORD, **more: Any) -> str:
    (tmp_path / "password").write_text(password + "\n")
    said = io.StringIO()
    options = {
        "brand_code": "harbour", "brand_name": "Harbour", "timezone": "Europe/Malta", "currency": "eur", "jurisdiction": ["MT"],
        "owner_email": "Mara@Harbour-Casino.com", "owner_name": "Mara Vella", "owner_password_file": str(tmp_path / "password"),
        "no_input": True, **more,
    }  # fmt: skip
    call_command("setup", stdout=said, **options)
    return said.getvalue()


def nothing_was_written() -> bool:
    return not (Brand.objects.exists() or Staff.objects.exists() or Currency.objects.exists() or PackVersion.objects.exists())


def test_a_casino_is_set_up(empty: None, tmp_path: Path) -> None:
    run(tmp_path, with_currency=["SEK", "NOK:2:fiat:Norwegian krone"])

    brand, owner = Brand.objects.get(), Staff.objects.get()
    assert (brand.code, brand.name, brand.timezone, brand.base_currency) == ("harbour", "Harbour", "Europe/Malta", "EUR")
    assert [row.jurisdiction.code for row in PackVersion.objects.all()] == ["MT"]
    assert set(Currency.objects.values_list("code", "exponent")) == {("EUR", 2), ("SEK", 2), ("NOK", 2)}
    assert (owner.email, owner.name, owner.is_demo) == ("mara@harbour-casino.com", "Mara Vella", False)
    assert owner.role_codes == {"owner"}
    assert owner.check_password(PASSWORD)
    assert brand.pk in owner.reach()


def test_a_second_time_changes_nothing_and_keeps_the_password(empty: None, tmp_path: Path) -> None:
    run(tmp_path)
    said = run(tmp_path, password="another quiet harbour")

    assert "was open before" in said
    assert "keeps their password" in said
    assert Staff.objects.get().check_password(PASSWORD)
    assert Brand.objects.count() == PackVersion.objects.count() == 1


def test_another_brand_and_market_may_be_added(empty: None, tmp_path: Path) -> None:
    run(tmp_path)
    run(tmp_path, jurisdiction=["MT", "SE"])
    run(tmp_path, brand_code="lagoon", brand_name="Lagoon")

    assert sorted(Brand.objects.get(code="harbour").jurisdictions.values_list("code", flat=True)) == ["MT", "SE"]
    assert len(Staff.objects.get().reach()) == 2


def test_a_brand_that_differs_is_not_bent(empty: None, tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(CommandError, match="Set-up does not change it"):
        run(tmp_path, timezone="Europe/Stockholm")
    assert Brand.objects.get().timezone == "Europe/Malta"


@pytest.mark.parametrize("password", ["short", "password1234", "123456789012", "mara.vella.2026", "demo-countroom", "Countroom-demo-1"])
def test_a_weak_password_is_refused_and_nothing_is_written(empty: None, tmp_path: Path, password: str) -> None:
    with pytest.raises(CommandError, match="password"):
        run(tmp_path, password=password)
    assert nothing_was_written()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"brand_code": "Big Harbour"}, "--brand-code"), ({"brand_name": None}, "--brand-name"), ({"timezone": "Malta Time"}, "--timezone"),
        ({"currency": "XXX"}, "XXX"), ({"with_currency": ["NOK:two:fiat:Krone"]}, "NOK"), ({"jurisdiction": ["XX"]}, "--jurisdiction"),
        ({"jurisdiction": []}, "--jurisdiction"), ({"owner_email": "nobody"}, "--owner-email"),
        ({"owner_email": "dana.petrova@countroom.example"}, "--owner-email"), ({"owner_password_file": "missing-file"}, "--owner-password-file"),
        ({"owner_password_file": None}, "COUNTROOM_OWNER_PASSWORD"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named_and_nothing_is_written(empty: None, tmp_path: Path, wrong: dict, named: str) -> None:
    with pytest.raises(CommandError, match=named):
        run(tmp_path, **wrong)
    assert nothing_was_written()


def test_a_database_of_the_demo_is_not_made_real(empty: None, tmp_path: Path) -> None:
    call_command("seed_staff", stdout=io.StringIO())
    with pytest.raises(CommandError, match="demo's people"):
        run(tmp_path)
    assert not Brand.objects.exists()
