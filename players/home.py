"""What Home says about players: how many signed up today, against past weeks."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.ui.figures import Figure, Window
from backoffice.work.narrowing import Span

_SIGN_UPS = """
SELECT w.n, count(*) FROM unnest(%s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY w (since, until, n)
JOIN players_player p ON p.registered_at >= w.since AND p.registered_at < w.until AND p.brand_id = ANY(%s::bigint[]) AND NOT p.is_test
GROUP BY 1
"""


def figures(request: HttpRequest, windows: Sequence[Window]) -> Iterable[Figure]:
    staff: Any = request.user
    with connection.cursor() as cursor:
        cursor.execute(_SIGN_UPS, [[one.since for one in windows], [one.until for one in windows], sorted(staff.reach())])
        found = dict(cursor.fetchall())
    values, today = [found.get(at + 1, 0) for at in range(len(windows))], windows[-1]
    query = urlencode({"view": "all", "registered": Span(today.since, today.until).text(), "test": "no"})
    yield Figure(_("Sign-ups"), values, values[-1], f"{reverse('players:players')}?{query}")
