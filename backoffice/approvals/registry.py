"""What can be changed by approval. Every room registers its kinds from `AppConfig.ready()`; the engine knows none of them.

A `Kind` is something that people propose new values for. An `Act` is an everyday decision, such as paying a large amount out,
that only asks the policies how many people must agree and which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

if TYPE_CHECKING:
    from backoffice.approvals.forms import ChangeForm
    from backoffice.audit.actors import Actor

Text = str | Promise
Values = dict[str, Any]  # what a form says, as JSON: money and dates as text


class UnknownKind(LookupError):
    """No room has registered this kind."""


class Refused(Exception):
    """A change cannot be put into force, in words that its requester understands. Nothing was changed."""


@dataclass(frozen=True)
class Subject:
    """One thing of a kind, as lists show it."""

    key: str
    title: str
    detail: str = ""
    brand_id: int | None = None
    ended: bool = False


@dataclass(frozen=True)
class Difference:
    """One line of a diff: what it was and what it shall be, in words."""

    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Preview:
    """What somebody would see of a thing: a heading, one line, and more of them."""

    heading: str
    line: str
    text: str = ""


def _nothing(*_args: Any) -> list[str]:
    return []


def _unseen(_values: Values) -> list[Preview]:
    return []


def _every_brand(_values: Values) -> int | None:
    return None


def _no_amount(_values: Values) -> tuple[Decimal, str] | None:
    return None


def _same(values: Values, _current: Values | None) -> Values:
    return values


def _nobody(_subject: str) -> int | None:
    return None


def _looked(_subject: str, *, by: Any, now: datetime) -> None:
    """Reading it is no fact."""


@dataclass(frozen=True)
class Guarded:
    """What policies can be about. `permission` is who may ask for it, and who agrees when a policy names no roles."""

    code: str
    label: Text  # in the plural: Reason codes
    permission: str
    sees: str = field(default="approvals.view", kw_only=True)  # who may read it and its changes
    needs: tuple[str, ...] = field(default=(), kw_only=True)  # what a role must hold to be named by a policy, so that it can open the page
    least: int = field(default=0, kw_only=True)  # approvals that no policy may go below
    most: int = field(default=5, kw_only=True)
    default: int = field(default=1, kw_only=True)  # approvals when no policy speaks
    currencies: Callable[[], Sequence[str]] | None = field(default=None, kw_only=True)  # policies of it may begin at an amount in one of these


@dataclass(frozen=True)
class Act(Guarded):
    """An everyday decision that policies rule: it asks `rules.resolve` and is no change request."""


@dataclass(frozen=True)
class Kind(Guarded):
    """Something that is configured, and how the engine reads and writes it."""

    noun: Text  # Reason code
    form: type[ChangeForm]
    subjects: Callable[[], Iterable[Subject]]
    current: Callable[[str], Values | None]  # the values in force of a subject, None when there is none
    apply: Callable[..., str]  # apply(subject, values, *, by, now) -> the subject's key. Called by the engine alone, in its transaction
    title: Callable[[str, Values], str]
    models: tuple[str, ...] = field(default=(), kw_only=True)  # tables that only the engine writes, "app.Model"
    validate: Callable[[str, Values], list[str]] = field(default=_nothing, kw_only=True)  # what is wrong beyond the form
    impact: Callable[[str, Values, datetime], list[str]] = field(default=_nothing, kw_only=True)  # sentences
    preview: Callable[[Values], list[Preview]] = field(default=_unseen, kw_only=True)  # what somebody would see of it, beside the diff
    brand: Callable[[Values], int | None] = field(default=_every_brand, kw_only=True)
    amount: Callable[[Values], tuple[Decimal, str] | None] = field(default=_no_amount, kw_only=True)
    diff: Callable[[Values | None, Values], list[Difference]] | None = field(default=None, kw_only=True)
    revive: Callable[[Values, Values | None], Values] = field(default=_same, kw_only=True)  # old values, made fit to be proposed again
    creatable: bool = field(default=True, kw_only=True)
    dated: bool = field(default=True, kw_only=True)  # may take effect later; not so when the thing says its own date
    about: Text = field(default="", kw_only=True)  # one sentence for the list of settings
    icon: str = field(default="sliders", kw_only=True)
    wide: bool = field(default=False, kw_only=True)  # its form needs the whole page
    # For what is about people (docs/approvals.md, "Personal values").
    find: Callable[[str], Subject | None] | None = field(default=None, kw_only=True)  # one of more things than `subjects` lists
    page: Callable[[str], str] | None = field(default=None, kw_only=True)  # the room's own page, where it is proposed instead of on the kit's
    player: Callable[[str], int | None] = field(default=_nobody, kw_only=True)  # whose timeline its changes belong to
    reads: Callable[[Any, str, Values | None, Values], list[Difference]] | None = field(default=None, kw_only=True)  # the diff, as this person may read it
    looked: Callable[..., None] = field(default=_looked, kw_only=True)  # looked(subject, *, by, now): this person has read values in force or proposed

    def brand_of(self, subject: str, values: Values) -> int | None:
        """Whose a change is: the thing's own brand where a thing can be found by its key, and what the values say otherwise."""
        thing = self.find(subject) if self.find is not None and subject else None
        return self.brand(values) if thing is None else thing.brand_id

    def act(self, subject: str, values: Values, *, by: Actor, now: datetime) -> str:
        return self.apply(subject, values, by=by, now=now)


class Registry:
    def __init__(self) -> None:
        self._known: dict[str, Guarded] = {}

    def register(self, guarded: Guarded) -> None:
        """Add a kind or an act. Registering the same code again replaces it, so that reloading stays harmless."""
        self._known[guarded.code] = guarded

    def guarded(self, code: str) -> Guarded:
        try:
            return self._known[code]
        except KeyError:
            raise UnknownKind(f"{code} is not a kind of change that is registered.") from None

    def kind(self, code: str) -> Kind:
        found = self.guarded(code)
        if not isinstance(found, Kind):
            raise UnknownKind(f"{code} is decided, not configured.")
        return found

    def __iter__(self) -> Iterator[Guarded]:
        return iter(sorted(self._known.values(), key=lambda one: str(one.label)))

    def __contains__(self, code: object) -> bool:
        return code in self._known

    @property
    def kinds(self) -> list[Kind]:
        return [one for one in self if isinstance(one, Kind)]

    def seen_by(self, staff: Any) -> list[Kind]:
        """The kinds that this person may read."""
        return [kind for kind in self.kinds if staff.may(kind.sees)]


registry = Registry()
register = registry.register
