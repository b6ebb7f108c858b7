"""What an erasure does to each kind of what is held: at once, or when the law lets it. And what stands in its way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from backoffice.audit.models import Event
from backoffice.scope import packs
from players.blocks import selectors, sources
from players.lifecycles import COMPLAINT
from players.models import AccessRequest, Complaint, Merge, Player
from players.privacy import held
from players.privacy.held import Holding

ENDED = frozenset({"closed", "merged"})  # states of an account that may be erased
Obstacle = Callable[[Player, datetime], Iterable[str]]
_obstacles: list[Obstacle] = []


def register_obstacle(ask: Obstacle) -> None:
    """Called from `AppConfig.ready()`: sentences why a player cannot be erased now. The same again changes nothing."""
    if ask not in _obstacles:
        _obstacles.append(ask)


def obstacles(player: Player, *, now: datetime) -> list[str]:
    return [words for ask in (_own, *_obstacles) for words in ask(player, now)]


def _own(player: Player, now: datetime) -> Iterable[str]:
    if player.erased_at is not None:
        yield _("The player was erased already.")
        return
    if player.state not in ENDED:
        yield _("The account is not closed. Close it first.")
    if absorbed := list(Merge.objects.filter(stays=player, state="merged", goes__erased_at=None).order_by("goes_id").values_list("goes_id", flat=True)):
        words = {"numbers": ", ".join(f"#{pk}" for pk in absorbed)}
        yield _("Accounts of the same person were merged into this one and still name them: %(numbers)s. Erase those first.") % words
    excluding = set(sources.excluding())
    if any(one.source in excluding for one in selectors.in_force(player.pk, now=now)):
        yield _("An exclusion from gambling stands. It has to recognise the person until it ends.")
    if AccessRequest.objects.filter(player=player, state__in=["asked", "made"]).exists():
        yield _("The player has asked for everything that is held and has not got it yet.")
    if Complaint.objects.filter(player=player, state__in=COMPLAINT.open).exists():
        yield _("A complaint of the player is open.")
    try:
        for law in (*sorted({one.law for one in held.every() if one.law}), held.AML_FROM):
            packs.number(player.jurisdiction_id, law, on=now.date())
    except packs.NoPack as missing:
        yield str(missing)


@dataclass(frozen=True)
class Line:
    """What becomes of one kind. `until` is the last day on which the law keeps it, None when it goes at once; `clause` says so."""

    holding: Holding
    rows: int
    until: date | None
    clause: str

    @property
    def works(self) -> bool:
        """Whether its rows are worked on one by one."""
        return self.holding.erase is not None or bool(self.holding.law and self.holding.sealed)

    @property
    def what(self) -> str:
        if self.until is not None:
            return "kept"
        return "erased" if self.works or self.holding.sealed else "stays"

    @property
    def words(self) -> str:
        title = str(self.holding.title)
        if self.what == "kept":
            return _("%(what)s: kept under seal until %(day)s (%(clause)s), then removed.") % {"what": title, "day": self.until, "clause": self.clause}
        said = _("%(what)s: erased at once.") if self.what == "erased" else _("%(what)s: stays.")
        return said % {"what": title} + (f" {self.holding.stays}" if self.holding.stays else "")


def ended_at(player: Player, *, now: datetime) -> datetime:
    """When the account was closed or merged for the last time; `now` when the record does not say."""
    ends = [f"player.{state}" for state in sorted(ENDED)]
    closed = Event.objects.filter(subject_type="players.player", subject_id=player.pk, type__in=ends).order_by("-happened_at").first()
    return closed.happened_at if closed is not None else now


def kept_until(holding: Holding, player: Player, *, ended: datetime, now: datetime) -> tuple[date | None, str]:
    """The last day on which the law keeps it, and the clause; None when that day is over or nothing keeps it. Raises NoPack."""
    if not holding.law:
        return None, ""
    number = packs.number(player.jurisdiction_id, holding.law, on=now.date())
    begins = ended.astimezone(player.brand.zone).date()
    if holding.law == held.AML and packs.number(player.jurisdiction_id, held.AML_FROM, on=now.date()).value:
        begins = date(begins.year, 12, 31)
    day = holding.until(player.pk) if holding.until is not None else packs.years_on(begins, int(number.value))
    return (day if day is not None and day > now.date() else None), f"{number.pack}: {number.citation}"


def plan(player: Player, *, now: datetime, counted: bool = True) -> list[Line]:
    """Kind by kind, in the order of the file. Raises NoPack. `counted` asks how many rows there are of each."""
    ended = ended_at(player, now=now)
    lines = []
    for holding in held.every():
        until, clause = kept_until(holding, player, ended=ended, now=now)
        lines.append(Line(holding, holding.rows(player.pk).order_by().count() if counted else 0, until, clause))
    return lines
