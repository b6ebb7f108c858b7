"""Words and what is filled into them: `$name` in a subject or body, and nothing else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.runtime.remembered import Remembered
from players.messages import occasions
from players.models import MessageTemplate, Player

# The languages that templates are written in. Another one is a line here.
LANGUAGES = {"en": _("English"), "de": _("German"), "sv": _("Swedish"), "fi": _("Finnish"), "fr": _("French"), "es": _("Spanish")}
OTHERWISE = "en"
LONGEST_SUBJECT = 200
templates: Remembered[dict[str, MessageTemplate]] = Remembered(lambda: {one.code: one for one in MessageTemplate.objects.all()}, seconds=30)


@dataclass(frozen=True)
class Composed:
    """What the player gets."""

    language: str
    subject: str
    body: str

    @property
    def digest(self) -> str:
        """Tells whether somebody has seen these very words."""
        return hashlib.sha256(f"{self.language}\0{self.subject}\0{self.body}".encode()).hexdigest()


def language_of(player: Player, template: MessageTemplate, wanted: str = "") -> str:
    """The wanted or the player's own language if the template has it, with English behind it."""
    for one in (wanted or player.language, (wanted or player.language).partition("-")[0]):
        if one in template.texts:
            return one
    return OTHERWISE


def fill(text: str, words: Mapping[str, Any]) -> str:
    return Template(text).safe_substitute(words)


def compose(template: MessageTemplate, player: Player, values: Mapping[str, Any], *, language: str = "") -> Composed:
    """Subject and body in one language. The subject is one line whatever is filled in."""
    chosen = language_of(player, template, language)
    words = {**values, "first_name": player.first_name, "brand": player.brand.name}
    said = template.texts[chosen]
    return Composed(chosen, " ".join(fill(said["subject"], words).split())[:LONGEST_SUBJECT], fill(said["body"], words))


def allowed(code: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Every name that the template's words may use, with its sample."""
    return {**fields, **occasions.fields_of(code), **occasions.ALWAYS}


def wrong(text: str, names: Mapping[str, str]) -> str:
    """The first thing that is wrong with a text's placeholders: a `$` that begins none, or a name that is not declared. Empty when nothing is."""
    template = Template(text)
    if not template.is_valid():
        return "$"
    return next((f"${name}" for name in template.get_identifiers() if name not in names), "")
