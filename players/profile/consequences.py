"""What suspending, closing and reopening an account does, in sentences that tests hold to be true. Rooms above say what becomes of their things."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from players.blocks import SIGN_IN, selectors
from players.models import Player


@dataclass(frozen=True)
class Sentence:
    """`icon` is one of the kit's."""

    text: str
    icon: str = "info"


Says = Callable[[Player, str], Iterable[Sentence]]  # the player, and the state that the account comes to
_says: list[Says] = []


def register(says: Says) -> None:
    """Called from `AppConfig.ready()`. The same again changes nothing."""
    if says not in _says:
        _says.append(says)


def of(player: Player, to: str) -> list[Sentence]:
    return [sentence for says in (_own, *_says) for sentence in says(player, to)]


def _own(player: Player, to: str) -> Iterable[Sentence]:
    if to == "active" and selectors.first(player.pk, SIGN_IN, now=timezone.now()) is not None:
        yield Sentence(_("The player still cannot sign in: a sign-in block stands. Lift it apart."), "lock")
    elif to == "active":
        yield Sentence(_("The player can sign in again."), "key")
    else:
        yield Sentence(_("The player cannot sign in any more, and the front end is asked to end the sessions that are open."), "lock")
    yield Sentence(_("The front end is told at once. No message goes to the player by this."), "mail")
