"""What may be asked of somebody who calls and says that they are a player. Rooms above register questions about their own things.

The house compares what is typed and shows neither the right answer nor which one was wrong; a question that a person compares shows its answer masked.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import mask_address
from players.models import Address, Player

TEXT, DAY, NUMBER = "text", "date", "decimal"


@dataclass(frozen=True)
class Question:
    """`answer` gives what is right, "" when nothing is known: then it is not asked. `mask` makes it one that the person compares."""

    code: str
    label: str | Promise
    answer: Callable[[Player], str]
    kind: str = TEXT
    same: Callable[[str, str], bool] = lambda typed, right: spelled(typed) == spelled(right)
    mask: Callable[[str], str] | None = None


def spelled(text: str) -> str:
    """Without spaces, signs and case."""
    return "".join(character for character in text.casefold() if character.isalnum())


_questions: dict[str, Question] = {}


def register(*questions: Question) -> None:
    """Called from `AppConfig.ready()`. Registering the same code again replaces it."""
    for one in questions:
        _questions[one.code] = one


def known() -> dict[str, Question]:
    return dict(_questions)


def _digits(player: Player) -> str:
    digits = "".join(character for character in player.phone if character.isdigit())
    return digits[-4:] if len(digits) > 6 else ""  # noqa: PLR2004


def _postal_code(player: Player) -> str:
    home = Address.objects.filter(pk=player.pk).first()
    return home.parts["postal_code"] if home is not None else ""


register(
    Question(
        "birth_date", _("Date of birth"), lambda player: player.birth_date.isoformat() if player.birth_date else "", DAY, lambda typed, right: typed == right,
    ),
    Question("phone_last4", _("Last four digits of the phone number"), _digits), Question("postal_code", _("Postal code"), _postal_code),
    Question("email", _("E-mail address, as the caller says it"), lambda player: player.email, mask=mask_address),
)  # fmt: skip
