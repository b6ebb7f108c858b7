"""What Home says about jobs: how many wait for this person's approval."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.ui import tiles


def home(request: HttpRequest) -> Iterable[tiles.Row | tiles.Tile]:
    from backoffice.jobs import selectors

    waiting = list(selectors.awaiting(request.user, now=timezone.now()).order_by("expires_at", "pk").values_list("title", "expires_at", "requested_at"))
    if waiting:
        first, expires, since = waiting[0]
        yield tiles.Row(
            title=ngettext("%(n)s export or import awaits your approval", "%(n)s exports or imports await your approval", len(waiting)) % {"n": len(waiting)},
            detail=first if len(waiting) == 1 else _("%(first)s and %(n)s more") % {"first": first, "n": len(waiting) - 1},
            url=f"{reverse('jobs:jobs')}?view=awaiting", action=_("Review"), icon="jobs", tone="attention", due=expires, opened=since, count=len(waiting),
        )  # fmt: skip
