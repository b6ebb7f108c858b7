"""Where higher rooms may refuse what a front end asks for, before anything is kept. A guard raises PlayerRefused or returns."""

from collections.abc import Callable
from dataclasses import dataclass

from backoffice.scope.models import Brand


@dataclass(frozen=True)
class Registration:
    """What a guard may look at: the currency that the player chose, and where they live."""

    brand: Brand
    jurisdiction: str
    country: str
    currency: str


@dataclass(frozen=True)
class NewInstrument:
    """An instrument that is about to be added."""

    kind: str
    provider: str


registration: list[Callable[[Registration], None]] = []
instruments: list[Callable[[NewInstrument], None]] = []
