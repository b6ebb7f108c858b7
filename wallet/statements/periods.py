"""From which day to which day a statement reaches, on whose clock."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from backoffice.scope import packs
from players.services import PlayerRefused


@dataclass(frozen=True)
class Period:
    """Whole days of a clock, both ends included. The last one ends when it is over, or with the moment of the statement."""

    since: date
    until: date
    zone: ZoneInfo

    def begins(self) -> datetime:
        return datetime.combine(self.since, datetime.min.time(), self.zone)

    def ends(self, *, now: datetime) -> datetime:
        """The first moment that is no longer in it."""
        return min(datetime.combine(self.until + timedelta(days=1), datetime.min.time(), self.zone), now)


def check(since: date, until: date, zone: ZoneInfo, *, now: datetime) -> Period:
    """Raises PlayerRefused (`statement_period`) for a period that ends before it begins, is longer than a year, or has not begun."""
    today = now.astimezone(zone).date()
    if until < since:
        raise PlayerRefused(_("The last day comes before the first one."), code="statement_period")
    next_year = packs.years_on(since, 1)
    if until >= next_year:
        last = next_year - timedelta(days=1)
        words = _("A statement reaches over a year at most: from %(since)s to %(last)s. Ask for the rest by another one.")
        raise PlayerRefused(words % {"since": since.isoformat(), "last": last.isoformat()}, code="statement_period")
    if until > today:
        raise PlayerRefused(_("The last day is %(today)s at the latest: what comes is not known.") % {"today": today.isoformat()}, code="statement_period")
    return Period(since, until, zone)
