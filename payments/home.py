"""What Home and the sidebar say about withdrawals. Every figure is the size of the list behind it."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.ui import tiles
from backoffice.work.views.index import counts_of
from payments.queues import WITHDRAWALS


def home(request: HttpRequest) -> Iterable[tiles.Row | tiles.Tile]:
    """What waits for this person, and the size of the queue. Every figure is the size of the list behind it."""
    counts, url, now = counts_of(request, WITHDRAWALS), reverse("payments:withdrawals"), timezone.now()
    oldest = counts.oldest_due if counts.oldest_due and counts.oldest_due < now else None
    if counts.by_tab["mine"] and request.user.may("payments.decide"):  # type: ignore[union-attr]
        yield tiles.Row(
            title=_("%(n)s claimed by you") % {"n": counts.text("mine")}, detail=_("Withdrawals that you opened and did not decide"), url=f"{url}?view=mine",
            action=_("Resume"), icon="withdraw", count=counts.by_tab["mine"],
        )  # fmt: skip
    if counts.by_tab["second"] and request.user.may("payments.approve_second"):  # type: ignore[union-attr]
        yield tiles.Row(
            title=_("%(n)s second approvals") % {"n": counts.text("second")}, detail=_("Approved once, above the limit"), url=f"{url}?view=second",
            action=_("Review"), icon="double", tone="attention", count=counts.by_tab["second"],
        )  # fmt: skip
    if counts.by_tab["late"]:
        yield tiles.Row(
            title=_("%(n)s withdrawals are late") % {"n": counts.text("late")}, detail=_("Past the time that the brand promised"), url=f"{url}?view=late",
            action=_("Open"), icon="clock", tone="critical", due=oldest, count=counts.by_tab["late"],
        )  # fmt: skip
    yield tiles.Tile(
        label=_("Withdrawals to decide"), value=counts.text("open"), url=f"{url}?view=open", icon="withdraw",
        foot=_("%(n)s late") % {"n": counts.text("late")} if counts.by_tab["late"] else _("All on time"), tone="critical" if counts.by_tab["late"] else "",
    )  # fmt: skip
    yield tiles.Tile(label=_("In flight"), value=counts.text("flight"), url=f"{url}?view=flight", icon="card", foot=_("approved, sent, unknown or failed"))
