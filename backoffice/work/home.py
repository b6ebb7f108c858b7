"""What Home says about every queue: what is yours, what is late, how much waits, and what falls due hour by hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Window
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bell.models import Notice
from backoffice.ui import charts, tiles, times
from backoffice.ui.numbers import CAP as COUNT_CAP
from backoffice.work import claims, listing, queues, telling
from backoffice.work.listing import Counts
from backoffice.work.narrowing import Span
from backoffice.work.queues import Queue
from backoffice.work.views.index import counts_of

HOURS = 5  # before "later"


def home(request: HttpRequest) -> Iterable[tiles.Row | tiles.Tile | tiles.Picture | tiles.Words]:
    staff: Any = request.user
    now = timezone.now()
    seen = [queue for queue in queues.every() if queue.work and staff.may(queue.view)]
    counts = {queue.subject: counts_of(request, queue) for queue in seen}
    worked = [queue for queue in seen if staff.may(queue.work)]
    for queue in worked:
        yield from _rows(queue, counts[queue.subject], now)
    yield from _mentions(staff)
    if worked:
        yield from _day(staff, now)
    for queue in seen:
        yield _tile(queue, counts[queue.subject])
    timed = [queue for queue in worked if queue.deadlines][: charts.MOST_SERIES]
    if timed:
        yield picture(timed, staff, now)


def _rows(queue: Queue, counts: Counts, now: datetime) -> Iterable[tiles.Row]:
    url = reverse(queue.index)
    for tab in queue.tabs:
        size = counts.by_tab.get(tab.key, 0)
        if not size:
            continue
        if tab.mine:
            yield tiles.Row(
                title=_("%(queue)s: %(n)s yours") % {"queue": queue.title, "n": counts.text(tab.key)},
                url=f"{url}?view={tab.key}",
                detail=_("Claimed by you or assigned to you, not decided"), action=_("Resume"), icon=queue.icon, tone="info", count=size,
            )  # fmt: skip
        elif tab.key == "late":
            due = counts.oldest_due + queue.deadlines.later if counts.oldest_due and queue.deadlines else None
            yield tiles.Row(
                title=_("%(queue)s: %(n)s late") % {"queue": queue.title, "n": counts.text(tab.key)}, detail=_("Past the time that was promised"),
                url=f"{url}?view={tab.key}", action=_("Open"), icon="clock", tone="critical", due=due if due and due < now else None, count=size,
            )  # fmt: skip


def _mentions(staff: Any) -> Iterable[tiles.Row]:
    """The notes that colleagues mentioned this person in and that are not read yet; the newest in words."""
    kind = telling.MENTIONED
    newest = Notice.objects.visible_to(staff).filter(seen_at=None, kind=kind.code).annotate(unseen=Window(Count("pk"))).order_by("-pk").first()
    if newest is not None:
        yield tiles.Row(
            title=ngettext("%(n)s mention", "%(n)s mentions", newest.unseen) % {"n": newest.unseen}, detail=newest.text, action=_("Read"), icon="chat",
            url=f"{reverse('bell:notices')}?kind={kind.code}", opened=newest.at, count=newest.unseen,
        )  # fmt: skip


def _day(staff: Any, now: datetime) -> Iterable[tiles.Words]:
    """How many this person decided since midnight of their clock, and in how long from claim to decision."""
    day = claims.handled(by=staff, since=times.midnight(now))
    if day.decided and day.median is not None:
        yield tiles.Words(_("You decided %(n)s today, half of them within %(time)s of the claim") % {"n": day.decided, "time": times.span(day.median)})
    elif day.decided:
        yield tiles.Words(_("You decided %(n)s today") % {"n": day.decided})


def _tile(queue: Queue, counts: Counts) -> tiles.Tile:
    tab, late = queue.tabs[0], counts.by_tab.get("late", 0)
    foot = _("%(n)s late") % {"n": counts.text("late")} if late else _("All on time")
    return tiles.Tile(
        label=str(queue.title), value=counts.text(tab.key), url=f"{reverse(queue.index)}?view={tab.key}", icon=queue.icon, count=counts.by_tab[tab.key],
        foot=foot, tone="critical" if late else "",
    )  # fmt: skip


def spans(now: datetime) -> list[tuple[str, Span]]:
    """Late, the rest of this hour, the next hours of the reader's clock, and last whatever comes later."""
    local = timezone.localtime(now)
    edges = [now, *(local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hour) for hour in range(1, HOURS + 1))]
    named = [(_("Late"), Span(None, now))]
    for since, until in zip(edges, edges[1:], strict=False):
        named.append((f"{timezone.localtime(since):%H}\u2013{timezone.localtime(until):%H}", Span(since, until)))
    return [*named, (_("Later"), Span(edges[-1], None))]


def picture(timed: list[Queue], staff: Any, now: datetime) -> tiles.Picture:
    """One column for each hour, one part for each queue, each part a link to exactly that. What comes later would dwarf the hours: it is said in words."""
    named = spans(now)
    found = listing.deadlines(timed, [span for _label, span in named], staff, now=now)
    urls = {
        queue.subject: [f"{reverse(queue.index)}?{urlencode({'view': queue.tabs[0].key, 'due': span.text()})}" for _label, span in named] for queue in timed
    }
    hours, single = len(named) - 1, len(timed) == 1
    series = [
        charts.Series(
            queue.title, found[queue.subject][:hours], tones=["critical", "info", *[""] * (hours - 2)] if single else (), urls=urls[queue.subject][:hours],
        )
        for queue in timed
    ]  # fmt: skip
    more = [
        (_("%(queue)s: %(n)s later") % {"queue": queue.title, "n": listing.capped(found[queue.subject][-1])}, urls[queue.subject][-1], found[queue.subject][-1])
        for queue in timed if found[queue.subject][-1]
    ]  # fmt: skip
    chart = charts.Chart(
        kind=charts.BAR if single else charts.STACKED, title=_("What falls due in the next hours?"), labels=[label for label, _span in named[:hours]],
        labels_head=_("Due"), series=series, unit=charts.Unit(whole=True, cap=COUNT_CAP), as_of=now, small=True, key="due",
    )  # fmt: skip
    return tiles.Picture(_("Due by the hour"), chart, times.zone(now), more)
