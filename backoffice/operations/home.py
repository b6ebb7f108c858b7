"""Health on Home: one line for each group of probes, as bad as its worst."""

from collections.abc import Iterator
from itertools import groupby

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from backoffice.operations import selectors
from backoffice.runtime import probes
from backoffice.ui import health

STATES = {probes.OK: health.OK, probes.WARNING: health.DEGRADED, probes.FAILING: health.FAILED, probes.UNKNOWN: health.UNKNOWN}


def lines(request: HttpRequest) -> Iterator[health.Line]:
    """One query."""
    found = selectors.health(now=timezone.now())
    url, at = reverse("operations:health"), selectors.as_of(found)
    for group, members in groupby(found, key=lambda line: line.probe.group):
        unwell = selectors.unwell(members)
        if unwell:
            yield health.Line(probes.GROUPS[group], STATES[unwell[0].state], unwell[0].probe.label, f"{url}{unwell[0].probe.code}/", at)
        else:
            yield health.Line(probes.GROUPS[group], health.OK, url=url, at=at)
