"""The values of a profile: how each is read and what is wrong with it, in words that say what to do."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf.locale import LANG_INFO
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.jobs.exports.columns import MASK, mask_address, mask_end
from backoffice.scope import packs
from players import countries
from players.models import Address, Player
from players.models.profile import PARTS
from players.services import PlayerRefused
from players.services.registration import age_on

IDENTITY = ("first_name", "last_name", "birth_date", "email", "phone")  # changed by approval
PLAIN = ("country", "language", *PARTS)  # changed at once
LABELS: dict[str, Any] = {
    "first_name": gettext_lazy("First name"), "last_name": gettext_lazy("Last name"), "birth_date": gettext_lazy("Date of birth"),
    "email": gettext_lazy("E-mail"), "phone": gettext_lazy("Phone"), "country": gettext_lazy("Country"), "language": gettext_lazy("Language"),
    "street": gettext_lazy("Street and number"), "postal_code": gettext_lazy("Postal code"), "city": gettext_lazy("Town"), "region": gettext_lazy("Region"),
}  # fmt: skip
LENGTHS = {"first_name": 80, "last_name": 80, "email": 254, "phone": 25, "street": 160, "postal_code": 16, "city": 80, "region": 80}
OLDEST = 120  # years
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+[0-9][0-9 ()-]{5,23}")


def of(player: Player) -> dict[str, str]:
    """The profile as it is, every value as text."""
    home = Address.objects.filter(pk=player.pk).first()
    parts = home.parts if home is not None else dict.fromkeys(PARTS, "")
    return {
        "first_name": player.first_name, "last_name": player.last_name, "birth_date": player.birth_date.isoformat() if player.birth_date else "",
        "email": player.email, "phone": player.phone, "country": player.country, "language": player.language, **parts,
    }  # fmt: skip


def address(player: Player, _number: int | None = None) -> str:
    """The address in one line, "" when it is not known."""
    home = Address.objects.filter(pk=player.pk).first()
    return ", ".join(filter(None, home.parts.values())) if home is not None else ""


def masked(name: str, value: str) -> str:
    """As somebody reads it who may not see personal values. Names are shown everywhere."""
    masks: dict[str, Callable[[Any], str]] = {"email": mask_address, "phone": mask_end}
    if name in {"first_name", "last_name", "country", "language"} or not value:
        return value
    return masks[name](value) if name in masks else MASK


def changed(player: Player, said: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """Those that differ from what is kept, in the spelling in which they are kept. What stays need not be right.

    Raises PlayerRefused for the first that is wrong; its `code` is the field.
    """
    was = of(player)
    trimmed = {name: " ".join(str(text).split()) for name, text in said.items()}
    read = {name: READERS[name](player, text, now) for name, text in trimmed.items() if text != was[name]}
    return {name: text for name, text in read.items() if text != was[name]}


def _name(field: str) -> Callable[[Player, str, datetime], str]:
    def reader(_player: Player, text: str, _now: datetime) -> str:
        if not text or not any(character.isalpha() for character in text):
            raise PlayerRefused(_("Write the name as it stands on the document."), code=field)
        if any(character.isdigit() or not character.isprintable() for character in text):
            raise PlayerRefused(_("A name has no digits and no control characters. Write it as it stands on the document."), code=field)
        return _short(field, text)

    return reader


def _short(field: str, text: str) -> str:
    if len(text) > LENGTHS[field]:
        raise PlayerRefused(_("It has at most %(most)s characters. Shorten it.") % {"most": LENGTHS[field]}, code=field)
    return text


def _birth_date(player: Player, text: str, now: datetime) -> str:
    try:
        born = date.fromisoformat(text)
    except ValueError:
        raise PlayerRefused(_("Write the day as 1990-05-31."), code="birth_date") from None
    today = now.astimezone(player.brand.zone).date()
    least = packs.number(player.jurisdiction_id, "registration.minimum_age", on=now.date())
    if not 0 <= age_on(born, today) <= OLDEST:
        raise PlayerRefused(_("Nobody was born that day and plays. Look at the year."), code="birth_date")
    if age_on(born, today) < least.value:
        words = _("Players are at least %(years)s years old here (%(clause)s). If the date is right, close the account with the reason “Under age”.")
        raise PlayerRefused(words % {"years": least.value, "clause": least.citation}, code="birth_date")
    return born.isoformat()


def email(text: str) -> str:
    """An e-mail address as it is kept. Raises PlayerRefused (`email`) for what is none."""
    if not _EMAIL.fullmatch(text) or not text.isprintable():
        raise PlayerRefused(_("It takes a whole address, such as mia@mail.example."), code="email")
    return _short("email", text)


def _email(player: Player, text: str, _now: datetime) -> str:
    email(text)
    other = Player.objects.filter(Player.email.match(text), brand_id=player.brand_id).exclude(pk=player.pk).values_list("pk", flat=True).first()
    if other is not None:
        words = _("Player #%(number)s of this brand has this e-mail address. Change it there first, or look whether both are one person.")
        raise PlayerRefused(words % {"number": other}, code="email")
    return text


def _phone(_player: Player, text: str, _now: datetime) -> str:
    if text and not _PHONE.fullmatch(text):
        raise PlayerRefused(_("It takes a whole number with its country, such as +35679000000."), code="phone")
    return text


def _country(_player: Player, text: str, _now: datetime) -> str:
    if text.upper() not in countries.CODES:
        raise PlayerRefused(_("It takes the two letters of ISO 3166, such as MT."), code="country")
    return text.upper()


def _language(_player: Player, text: str, _now: datetime) -> str:
    if text not in dict(languages()):
        raise PlayerRefused(_("Choose a language from the list."), code="language")
    return text


def _part(field: str) -> Callable[[Player, str, datetime], str]:
    def reader(_player: Player, text: str, _now: datetime) -> str:
        if not text.isprintable():
            raise PlayerRefused(_("Control characters are not taken. Type it anew."), code=field)
        return _short(field, text)

    return reader


READERS: dict[str, Callable[[Player, str, datetime], str]] = {
    "first_name": _name("first_name"), "last_name": _name("last_name"), "birth_date": _birth_date, "email": _email, "phone": _phone, "country": _country,
    "language": _language, **{part: _part(part) for part in PARTS},
}  # fmt: skip


def languages() -> list[tuple[str, str]]:
    """Languages of two letters, each in its own words."""
    return sorted((code, str(said["name_local"])) for code, said in LANG_INFO.items() if len(code) == 2 and "name_local" in said)  # noqa: PLR2004 (ISO 639-1)
