"""Colours that stand on each other, read from the sheet: text 4.5 to 1, what marks a control or a state 3 to 1, in light and in dark."""

import re

import pytest
from django.conf import settings

SHEET = settings.BASE_DIR / "backoffice" / "ui" / "static" / "ui" / "app.css"
DECLARED = re.compile(r"--([\w-]+): *(?:light-dark\((#\w+), (#\w+)\)|(#\w+));")
SURFACES = ("canvas", "surface", "surface-2", "sunken", "hover", "selected")
TONES = ("neutral", "info", "success", "attention", "warning", "critical", "magic")

TEXT = [
    *((text, on) for text in ("text", "text-2", "text-3", "accent") for on in SURFACES), ("on-primary", "primary"), ("on-primary", "primary-2"),
    *((text, on) for text in ("bar-text", "bar-text-2") for on in ("bar", "bar-2")), *((f"{tone}-fg", f"{tone}-bg") for tone in TONES),
]  # fmt: skip
SIGNS = [*((sign, on) for sign in ("input", "focus", *TONES) for on in ("canvas", "surface"))]


def tokens(theme: str) -> dict[str, str]:
    found = DECLARED.findall(SHEET.read_text())
    return {name: both or (light if theme == "light" else dark) for name, light, dark, both in found}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_twenty_one_to_one() -> None:
    assert (contrast("#000", "#ffffff"), contrast("#767676", "#fff") >= 4.5, contrast("#777777", "#fff") >= 4.5) == (21.0, True, False)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (SIGNS, 3.0)], ids=["text", "signs"])
def test_every_pair_of_tokens_can_be_told_apart(theme: str, pairs: list[tuple[str, str]], least: float) -> None:
    colour = tokens(theme)
    weak = {(one, on): round(contrast(colour[one], colour[on]), 2) for one, on in pairs if contrast(colour[one], colour[on]) < least}
    assert weak == {}
