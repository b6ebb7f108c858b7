"""What rooms offer for the values that a template leaves open, so that nobody types what the house knows: the player's payments for `payment`."""

from collections.abc import Callable, Sequence

from players.panels import Looking

Offer = Callable[[Looking], Sequence[tuple[str, str]]]  # (what the words then say, how it reads in the list), the likeliest first
_offers: dict[str, Offer] = {}


def register(name: str, offer: Offer) -> None:
    """Called from `AppConfig.ready()`. `name` is a field of templates; with nothing to offer for a player it is typed."""
    _offers[name] = offer


def of(name: str, looking: Looking) -> list[tuple[str, str]]:
    offer = _offers.get(name)
    return list(offer(looking)) if offer is not None else []
