"""Loading the law: what is wrong is listed in full, the same file again changes nothing, a new version follows the one before."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from backoffice.scope import markets, packs
from backoffice.scope.models import Jurisdiction, PackVersion

MALTA = (packs.SHIPPED / "MT.toml").read_text()


@pytest.fixture
def malta(db: None) -> Jurisdiction:
    packs.forget()
    return markets.open_market("MT", now=timezone.now())


def load(tmp_path: Path, text: str, **options: object) -> str:
    (tmp_path / "pack.toml").write_text(text)
    said = io.StringIO()
    call_command("load_pack", str(tmp_path / "pack.toml"), stdout=said, **options)
    return said.getvalue()


def test_the_same_file_again_changes_nothing(malta: Jurisdiction, tmp_path: Path) -> None:
    assert "was loaded on" in load(tmp_path, MALTA)
    assert PackVersion.objects.count() == 1


def test_the_next_version_is_in_force_from_its_date(malta: Jurisdiction, tmp_path: Path) -> None:
    load(tmp_path, MALTA.replace("version = 1", "version = 2").replace("2020-01-01", "2026-03-01").replace("value = 24", "value = 12"))

    from datetime import date

    hours = {on: packs.number(malta.pk, "withdrawal.decision_hours", on=on).value for on in (date(2026, 2, 28), date(2026, 3, 1))}
    assert hours == {date(2026, 2, 28): 24, date(2026, 3, 1): 12}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not toml =", "Not TOML"),
        (MALTA.replace("value = 24", "value = 12"), "exists with other content"),
        (MALTA.replace("version = 1", "version = 3"), "next version of MT is 2"),
        (MALTA.replace('jurisdiction = "MT"', 'jurisdiction = "XX"'), "not a jurisdiction"),
        (MALTA.replace("value = 24", 'value = "24"'), "expected int"),
    ],
)
def test_what_is_wrong_is_said(malta: Jurisdiction, tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        load(tmp_path, text)
    assert PackVersion.objects.count() == 1


def test_checking_loads_nothing(malta: Jurisdiction, tmp_path: Path) -> None:
    assert "Nothing was loaded" in load(tmp_path, MALTA.replace("version = 1", "version = 2"), check=True)
    assert PackVersion.objects.count() == 1


def test_a_new_jurisdiction_comes_with_name_and_regulator(db: None, tmp_path: Path) -> None:
    packs.forget()
    load(tmp_path, MALTA.replace('"MT"', '"EE"', 1), name="Estonia", regulator="EMTA")

    assert str(Jurisdiction.objects.get(code="EE")) == "Estonia (EMTA)"


def test_a_file_that_is_not_there_is_named(db: None) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.toml cannot be read"):
        call_command("load_pack", "nowhere.toml")


def test_a_kept_pack_with_a_number_that_is_read_no_more_stays_in_force_and_no_new_one_may_have_it() -> None:
    old = (packs.SHIPPED / "MT.toml").read_text() + '\n["dormancy.fee_allowed"]\nvalue = true\ncitation = "LGA Directive 1 of 2011"\n'
    kept = packs.parse(old, whole=False)
    assert kept.numbers["dormancy.months"].value == 12
    assert "dormancy.fee_allowed" not in kept.numbers
    with pytest.raises(packs.BadPack, match="not a number that packs hold"):
        packs.parse(old)
