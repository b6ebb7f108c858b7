"""How a moment and a distance in time are written: in the reader's zone, with UTC one hover away."""

from datetime import UTC, date, datetime, timedelta

from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

CLOSE = timedelta(minutes=45)  # "soon" for a deadline whose whole span is not known
CLOSE_SHARE = 0.25  # "soon" for one whose span is


def write(at: datetime, kind: str = "short", *, now: datetime | None = None) -> str:
    """A moment in the active time zone. Kinds: short, time, seconds, date, full."""
    local = timezone.localtime(at)
    year = local.year != timezone.localtime(now or timezone.now()).year
    day = dateformat.format(local, pgettext("date", "j M Y") if year else pgettext("date", "j M"))
    if kind == "date":
        return day
    if kind == "time":
        return f"{local:%H:%M}"
    if kind == "seconds":
        return f"{local:%H:%M:%S}"
    if kind == "full":
        return f"{dateformat.format(local, pgettext('date', 'j M Y'))} {local:%H:%M:%S}"
    if kind == "short":
        return f"{day} {local:%H:%M}"
    raise ValueError(f"{kind} is not a kind of time. Use short, time, seconds, date or full.")


def day(date: date, *, now: datetime | None = None) -> str:
    """A day of the reader's: Today, Yesterday, or its date, with the year when it is another."""
    today = timezone.localdate(now or timezone.now())
    near = {today + timedelta(days=1): _("Tomorrow"), today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    return near.get(date) or dateformat.format(date, pgettext("date", "j M Y") if date.year != today.year else pgettext("date", "j M"))


def calendar(date: date) -> str:
    """A day of the calendar, always with its year: one of the law, of a bank, of a brand."""
    return dateformat.format(date, pgettext("date", "j M Y"))


def midnight(at: datetime) -> datetime:
    """When the reader's day began."""
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


def zone(at: datetime) -> str:
    """The abbreviation of the reader's zone at that moment, such as CET or CEST."""
    return timezone.localtime(at).tzname() or ""


def utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def render(at: datetime | None, kind: str = "short", *, bare: bool = False) -> SafeString:
    """`<time>` with the machine's value and UTC in the title; `bare` leaves the zone to a heading nearby."""
    if at is None:
        return mark_safe('<span class="t3">\u2013</span>')
    text = write(at, kind)
    if not bare and kind != "date":
        text = f"{text} {zone(at)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.astimezone(UTC).isoformat(timespec="seconds"), utc(at), text)


def span(length: timedelta) -> str:
    """A length in its two largest units: `42 m`, `1 h 10 m`, `3 d 4 h`, `12 s`."""
    seconds = int(abs(length).total_seconds())
    if seconds < 60:
        return _("%(n)s s") % {"n": seconds}
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return _("%(n)s m") % {"n": minutes}
    if hours < 24:
        rest = minutes % 60
        return _("%(h)s h %(m)s m") % {"h": hours, "m": rest} if rest else _("%(h)s h") % {"h": hours}
    rest = hours % 24
    return _("%(d)s d %(h)s h") % {"d": days, "h": rest} if rest and days < 7 else _("%(d)s d") % {"d": days}


def sla(due: datetime, *, opened: datetime | None = None, now: datetime | None = None) -> tuple[str, str]:
    """Tone and words of a deadline. Nothing shouts while more than a quarter of the time is left."""
    now = now or timezone.now()
    left = due - now
    if left < timedelta():
        return "critical", _("%(span)s late") % {"span": span(left)}
    close = (due - opened) * CLOSE_SHARE if opened else CLOSE
    if left <= close:
        return "attention", _("%(span)s left") % {"span": span(left)}
    same_day = timezone.localtime(due).date() == timezone.localtime(now).date()
    return "", write(due, "time" if same_day else "short", now=now)
