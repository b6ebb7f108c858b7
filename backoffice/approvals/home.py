"""What Home says about changes: how many wait for this person, and where to decide."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.ui import tiles


def home(request: HttpRequest) -> Iterable[tiles.Row | tiles.Tile]:
    from backoffice.approvals import selectors

    now = timezone.now()
    waiting = list(selectors.awaiting(request.user, now=now).order_by("expires_at", "pk").values_list("title", "expires_at", "submitted_at"))
    if waiting:
        first, expires, since = waiting[0]
        yield tiles.Row(
            title=ngettext("%(n)s change awaits your approval", "%(n)s changes await your approval", len(waiting)) % {"n": len(waiting)},
            detail=first if len(waiting) == 1 else _("%(first)s and %(n)s more") % {"first": first, "n": len(waiting) - 1},
            url=reverse("approvals:inbox"), action=_("Review"), icon="double", tone="attention", due=expires, opened=since, count=len(waiting),
        )  # fmt: skip
