"""Phone numbers as people write them, brought to the one spelling that is kept and found: E.164, such as +35679000000."""

from collections.abc import Iterable

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


def spelled(text: str, country: str = "") -> str:
    """In E.164. A number without its country is read as one of `country` (ISO 3166), and without one as digits that follow a plus.

    Nothing is refused: what no numbering plan knows keeps its digits, since somebody may have registered with it.
    """
    try:
        read = phonenumbers.parse(text, country or None)
    except NumberParseException:
        read = None
    if read is not None and phonenumbers.is_possible_number(read):
        return phonenumbers.format_number(read, PhoneNumberFormat.E164)
    return "+" + "".join(character for character in text if character.isdigit()).lstrip("0")


def everywhere(text: str, countries: Iterable[str]) -> list[str]:
    """What a number may be that was written as at home, in each of these countries where there are such numbers; one with its country is that alone."""
    if not text.startswith("0") or text.startswith("00"):
        return [spelled(f"+{text[2:]}" if text.startswith("00") else text)]
    found = set()
    for country in countries:
        try:
            read = phonenumbers.parse(text, country)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(read):
            found.add(phonenumbers.format_number(read, PhoneNumberFormat.E164))
    return sorted(found)
