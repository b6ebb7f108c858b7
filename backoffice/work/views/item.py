"""What people do about one item without deciding it: sleep, assignment, escalation, tags."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.access.roles import label
from backoffice.ui import times, toasts
from backoffice.work import claims, items, listing, noted
from backoffice.work.forms import BulkForm
from backoffice.work.items import NotPossible, Subject
from backoffice.work.queues import Queue
from backoffice.work.views.common import address_of, found, list_address, parameters

ITEM_VERBS: dict[str, tuple[str, ...]] = {
    "snooze": ("until", "reason"), "wake": (), "assign": ("assignee",), "take": (), "escalate": ("role", "reason"), "tag": ("tag",), "untag": ("tag",),
}  # fmt: skip


def item_verb(request: HttpRequest, queue: Queue, pk: int, verb: str) -> HttpResponse:
    """Snooze, wake, assign, take, escalate, tag, untag. Back to the item with a word, or with what is wrong."""
    if verb not in ITEM_VERBS:
        raise Http404
    row, now = found(request, queue, pk), timezone.now()
    subject = Subject.of(queue.subject, row)
    form = BulkForm(request.POST, fields=ITEM_VERBS[verb], queue=queue)
    if form.is_valid():
        try:
            toasts.show(request, _act(request, queue, subject, verb, form.cleaned_data, now=now))
        except NotPossible as why:
            toasts.show(request, str(why), tone="attention")
    else:
        wrong = "; ".join(f"{form.fields[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
        toasts.show(request, wrong, tone="attention")
    return HttpResponseRedirect(address_of(queue, row.pk, listing.context_of(queue, request.POST)))


def _act(request: HttpRequest, queue: Queue, subject: Subject, verb: str, values: dict[str, Any], *, now: datetime) -> str:
    by: Any = request.user
    if verb == "snooze":
        items.snooze(subject, until=values["until"], reason=values["reason"], by=by, now=now)
        claims.release(subject=(subject.type, subject.id), by=by)
        return _("Sleeps until %(when)s") % {"when": times.write(values["until"])}
    if verb == "wake":
        items.wake(subject, by=by, now=now)
        return _("Back in the queue")
    if verb in {"assign", "take"}:
        to = by if verb == "take" else values["assignee"]
        items.may_assign(to=to, by=by)
        items.assign(subject, to=to, permission=queue.work, by=by, now=now)
        return _("Assigned to %(name)s") % {"name": to.name} if to else _("Assigned to nobody")
    if verb == "escalate":
        items.escalate(subject, to=values["role"], roles=queue.escalates_to, reason=values["reason"], by=by, now=now)
        return _("Escalated")
    items.tag(subject, **{"add" if verb == "tag" else "remove": [values["tag"]]}, by=by, now=now)
    return _("Tags changed")


def work_context(request: HttpRequest, queue: Queue, row: Any, *, now: datetime) -> dict[str, Any]:
    """What an item's page says of claim and work (templates/work/_claim.html, _item.html). One query."""
    about = noted.one(queue.subject, row.pk, now=now, reader=request.user)
    context = listing.context_of(queue, parameters(request))
    url = {verb: reverse(queue.name(verb, of_item=True), args=[row.pk]) for verb in ("claim", "release", "heartbeat", "take-over")}
    url |= {verb: reverse(queue.name("item", of_item=True), args=[row.pk, verb]) for verb in ITEM_VERBS}
    return {
        "queue": queue, "noted": about, "claim": about.claim, "mine": about.claim is not None and about.claim.staff_id == request.user.pk,
        "sleeps": about.snoozed_until is not None and about.snoozed_until > now, "may_work": request.user.may(queue.work),  # type: ignore[union-attr]
        "item_urls": {name.replace("-", "_"): value for name, value in url.items()}, "back": list_address(queue, context), "context": context,
        "hidden": listing.kept(queue, parameters(request)), "escalates_to": queue.escalations, "row_id": row.pk,
        "assign_url": reverse(queue.name("bulk"), args=["assign"]), "escalated_to": label(about.escalated_to),
    }  # fmt: skip
