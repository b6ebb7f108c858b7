"""Bulk verbs over HTTP: the page that says what would happen, and the one that says what did."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from backoffice.access.decorators import require
from backoffice.ui import numbers
from backoffice.work import bulk, listing
from backoffice.work.forms import BulkForm
from backoffice.work.listing import Asked, Snapshot
from backoffice.work.queues import Queue
from backoffice.work.views.common import address_of, list_address


def bulk_verb(request: HttpRequest, queue: Queue, verb: str) -> HttpResponse:
    """First the page that says what would happen; with `confirmed`, what did."""
    try:
        chosen_verb = queue.verb(verb)
    except KeyError as unknown:
        raise Http404 from unknown
    if chosen_verb.permission:
        require(request.user, chosen_verb.permission)
    now = timezone.now()
    asked = Asked.read(queue, request.POST)
    ids = [int(one) for one in request.POST.getlist("ids") if numbers.is_id(one)]
    all_matching = Snapshot.parse(request.POST.get("snapshot", "")) if request.POST.get("all") else None
    context: dict[str, Any] = {
        "queue": queue, "verb": chosen_verb, "back": list_address(queue, listing.context_of(queue, request.POST)), "kept": listing.kept(queue, request.POST),
        "ids": ids if all_matching is None else [], "snapshot": all_matching,
    }  # fmt: skip
    confirmed = bool(request.POST.get("confirmed"))
    form = BulkForm(request.POST if confirmed else None, fields=chosen_verb.fields, queue=queue)
    context |= {"form": form, "key": request.POST.get("key") or uuid.uuid4().hex}
    wrong = confirmed and not form.is_valid()
    try:
        chosen = bulk.choose(queue, chosen_verb, request.user, ids=ids, asked=asked, all_matching=all_matching, now=now)
    except (bulk.Drifted, bulk.TooMany) as refused:
        return render(request, "work/bulk.html", {**context, "refused": str(refused)}, status=409)
    context["chosen"] = chosen
    if wrong or not confirmed:
        return render(request, "work/bulk.html", context, status=422 if wrong else 200)
    outcomes = bulk.perform(queue, chosen_verb, chosen.items, by=request.user, values=form.cleaned_data, key=context["key"], now=now)
    context["outcomes"] = [(row, address_of(queue, row.pk), one) for row, one in outcomes]
    context["done"] = sum(one.outcome == "done" for _row, one in outcomes)
    return render(request, "work/bulk_done.html", context)
