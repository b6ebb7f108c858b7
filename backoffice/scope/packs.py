"""Jurisdiction packs: every regulatory number with the clause it comes from, versioned, valid from a date. Never a constant in code.

A pack is a TOML file: `jurisdiction`, `version`, `effective_from`, and one table per number with `value` and `citation`.
Versions are kept byte for byte and never edited; a later version replaces an earlier one from its date on.
"""

import hashlib
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.scope.models import Jurisdiction, PackVersion

SHIPPED = Path(__file__).parent / "shipped_packs"

# What a pack may say, with the type of its value and its meaning. A number that nobody reads has no place here.
CATALOGUE: dict[str, tuple[type, str | Promise]] = {
    "withdrawal.decision_hours": (int, _("Hours within which a withdrawal is decided")),
    "withdrawal.player_may_cancel": (bool, _("Whether the player may take a pending withdrawal back")),
    "withdrawal.return_to_source": (str, _("How payouts go back to the methods that paid in: oldest_first, proportional or none")),
    "registration.minimum_age": (int, _("Years of age from which a person may register")),
    "records.retention_years": (int, _("Years for which records are kept")),
    "aml.retention_years": (int, _("Years for which due diligence is kept after the end of an account")),
    "aml.retention_from_year_end": (bool, _("Whether those years begin with the end of the calendar year")),
    "accounts.retention_years": (int, _("Years for which the accounts are kept")),
    "privacy.answer_days": (int, _("Days within which a request about personal data is answered")),
    "privacy.extension_days": (int, _("Days by which that may be extended, once, for a reason that the player is told within the first ones")),
    "player.idle_minutes": (int, _("Minutes without activity after which a player signs in again")),
    "deposit.failures_before_block": (int, _("Failed deposits in a row after which deposits are blocked")),
    "deposit.failure_window_minutes": (int, _("Minutes within which those failures count")),
    "contact.electronic_by_consent": (bool, _("Whether marketing by e-mail, SMS and push needs the player's consent first")),
    "contact.phone_by_consent": (bool, _("Whether marketing by phone needs the player's consent first")),
    "contact.post_by_consent": (bool, _("Whether marketing by post needs the player's consent first")),
    "contact.none_to_excluded": (bool, _("Whether excluded players get no marketing at all")),
    "complaints.acknowledge_hours": (int, _("Hours within which a complaint is acknowledged")),
    "complaints.answer_days": (int, _("Days within which a complaint is answered")),
    "complaints.retention_years": (int, _("Years for which complaints are kept")),
    "dormancy.months": (int, _("Months without a sign-in after which an account is dormant")),
    "dormancy.notice_days": (int, _("Days before that on which the player is told")),
    "dormancy.unclaimed_months": (int, _("Months of dormancy after which unclaimed money may be handed over; 0 is never")),
    "dormancy.unclaimed_to": (str, _("To whom unclaimed money is handed over")),
}


class BadPack(ValueError):
    """The file is not a pack. Lists everything that is wrong with it, so that it is mended in one go."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class NoPack(LookupError):
    """The jurisdiction has no pack in force on that day."""


@dataclass(frozen=True)
class Number:
    key: str
    value: Any  # int, bool, str or Decimal, as the catalogue says
    citation: str
    pack: str  # "GB 3", for screens and facts


@dataclass(frozen=True)
class Pack:
    jurisdiction: str
    version: int
    effective_from: date
    numbers: dict[str, Number]


def parse(text: str, *, whole: bool = True) -> Pack:
    """Read and check a pack. Raises BadPack with every problem found.

    Without `whole` a number may be missing, or be one that the house reads no more: packs that are kept are older than the numbers of today.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as wrong:
        raise BadPack([f"Not TOML: {wrong}"]) from wrong
    problems: list[str] = []
    code, version, start = data.pop("jurisdiction", None), data.pop("version", None), data.pop("effective_from", None)
    if not isinstance(code, str) or not code:
        problems.append('jurisdiction is missing, such as jurisdiction = "MT"')
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        problems.append("version is missing: a whole number from 1 on")
    if not isinstance(start, date) or isinstance(start, datetime):
        problems.append("effective_from is missing: a date such as 2026-01-01")
    numbers: dict[str, Number] = {}
    for key, entry in data.items():
        if key not in CATALOGUE:
            if whole:
                problems.append(f"{key} is not a number that packs hold")
            continue
        kind, _meaning = CATALOGUE[key]
        if not isinstance(entry, dict) or set(entry) - {"value", "citation"}:
            problems.append(f"{key} needs value and citation, and nothing else")
            continue
        value, citation = entry.get("value"), entry.get("citation")
        if type(value) is not kind:
            problems.append(f"{key}: value is {value!r}, expected {kind.__name__}")
        if kind is int and isinstance(value, int) and value < 0:
            problems.append(f"{key}: {value} is below zero")
        if not isinstance(citation, str) or not citation.strip():
            problems.append(f"{key}: the citation is missing")
        numbers[key] = Number(key, value, str(citation), f"{code} {version}")
    problems += [f"{key} is missing" for key in CATALOGUE if whole and key not in data]
    if problems:
        raise BadPack(problems)
    assert isinstance(code, str) and isinstance(version, int) and isinstance(start, date)  # noqa: S101, PT018
    return Pack(code, version, start, numbers)


Engine = Callable[[str, datetime], PackVersion]
_engine: list[Engine] = []


def written_by(engine: Engine) -> None:
    """Let the room that owns configuration (approvals) do the writing of `load`: it stands above this one and plugs in here."""
    _engine[:] = [engine]


@transaction.atomic
def load(text: str, *, now: datetime) -> PackVersion:
    """The house loads a pack as its jurisdiction's next version, on the record. The same file again changes nothing.

    Raises BadPack when the file is wrong, its version is taken by another text, or is not the next one.
    """
    found = _checked(text)[2]
    if found is not None:
        return found
    return _engine[0](text, now) if _engine else keep(text, now=now)


def keep(text: str, *, now: datetime) -> PackVersion:
    """Write a pack. For the engine of approvals alone: the table refuses everybody else. Raises as `load`."""
    pack, jurisdiction, found = _checked(text)
    if found is not None:
        return found
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = PackVersion.objects.create(
        jurisdiction=jurisdiction, version=pack.version, effective_from=pack.effective_from, text=text, sha256=digest, loaded_at=now
    )
    forget()
    transaction.on_commit(forget)
    return row


def _checked(text: str) -> tuple[Pack, Jurisdiction, PackVersion | None]:
    """The pack, whose it is, and its row when the same text is kept already."""
    pack = parse(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    jurisdiction = Jurisdiction.objects.filter(code=pack.jurisdiction).first()
    if jurisdiction is None:
        raise BadPack([f"{pack.jurisdiction} is not a jurisdiction that is set up"])
    kept = {row.version: row for row in PackVersion.objects.filter(jurisdiction=jurisdiction)}
    if pack.version in kept:
        if kept[pack.version].sha256 == digest:
            return pack, jurisdiction, kept[pack.version]
        raise BadPack([f"{pack.jurisdiction} {pack.version} exists with other content. Give the new text version {max(kept) + 1}."])
    if pack.version != max(kept, default=0) + 1:
        raise BadPack([f"The next version of {pack.jurisdiction} is {max(kept, default=0) + 1}, not {pack.version}"])
    return pack, jurisdiction, None


_FRESH_SECONDS = 30.0
_cache: dict[int, tuple[float, list[Pack]]] = {}


def forget() -> None:
    _cache.clear()


def _versions(jurisdiction_id: int) -> list[Pack]:
    """The jurisdiction's packs, latest date first. Remembered for half a minute: a version takes effect by date, not by the second."""
    read_at, packs = _cache.get(jurisdiction_id, (0.0, []))
    if not packs or time.monotonic() - read_at > _FRESH_SECONDS:
        texts = PackVersion.objects.filter(jurisdiction_id=jurisdiction_id).order_by("-effective_from", "-version").values_list("text", flat=True)
        packs = [parse(text, whole=False) for text in texts]
        _cache[jurisdiction_id] = (time.monotonic(), packs)
    return packs


def in_force(jurisdiction_id: int, *, on: date) -> Pack:
    """The pack in force on a day. Raises NoPack."""
    for pack in _versions(jurisdiction_id):
        if pack.effective_from <= on:
            return pack
    raise NoPack(f"Jurisdiction {jurisdiction_id} has no pack in force on {on}. Load one with `manage.py load_pack`.")


def number(jurisdiction_id: int, key: str, *, on: date) -> Number:
    """One number of the law on a day, with its clause. Raises NoPack, also for a number that the pack in force does not say."""
    pack = in_force(jurisdiction_id, on=on)
    if key not in pack.numbers:
        raise NoPack(f"{pack.jurisdiction} {pack.version} does not say {key}. Propose its next version, which does.")
    return pack.numbers[key]


def years_on(day: date, years: int) -> date:
    """The same day some years on; 1 March after 29 February, so that nothing ends too early."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
