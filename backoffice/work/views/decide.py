"""The kit's own page of one item: facts, checks and the decision, for queues that need no more than that."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.audit.models import Event
from backoffice.ui import toasts
from backoffice.work import canned, checks, claims, idempotency, listing
from backoffice.work.forms import DecisionForm
from backoffice.work.items import NotPossible
from backoffice.work.listing import Asked
from backoffice.work.notes.places import subject_of
from backoffice.work.queues import Queue
from backoffice.work.views.claims import next_item
from backoffice.work.views.common import found, parameters
from backoffice.work.views.item import work_context
from backoffice.work.views.notes import notes_context


def detail(request: HttpRequest, queue: Queue, pk: int) -> HttpResponse:
    return _page(request, queue, found(request, queue, pk))


def decide(request: HttpRequest, queue: Queue, pk: int) -> HttpResponse:
    """One decision, once: the same request again gets the same answer; what changed since it was seen answers 409 and keeps the note."""
    row, now = found(request, queue, pk), timezone.now()
    form = DecisionForm(request.POST, outcomes=[(one.code, one.label) for one in queue.outcomes], canned=canned.chosen(request.POST, queue.subject))
    if not form.is_valid():
        return _page(request, queue, row, form=form, status=422)
    given = form.cleaned_data
    outcome = next(one for one in queue.outcomes if one.code == given["outcome"])
    if outcome.needs_note and not given["note"].strip():
        form.add_error("note", _("Say why."))
        return _page(request, queue, row, form=form, status=422)
    content = {"outcome": outcome.code, "note": given["note"], "seen": given["seen"]}
    try:
        with idempotency.once(scope=f"{queue.subject}:{row.pk}:decide", key=given["key"], content=content, now=now) as slot:
            if not slot.replayed:
                row = _as_seen(request, queue, row, given["seen"])
                outcome.act(row, by=request.user, now=now, note=given["note"].strip())
                slot.answer = outcome.code
    except _Stale:
        return _page(request, queue, row, form=form, stale=True, status=409)
    except (NotPossible, idempotency.KeyReused) as refused:
        form.add_error(None, str(refused))
        return _page(request, queue, row, form=form, status=422)
    claims.finish(subject=(queue.subject, row.pk), by=request.user, key=given["key"], now=now)
    toasts.show(request, f"{queue.label_of(row)}: {outcome.toast}")
    return next_item(request, queue, past=row)


class _Stale(Exception):
    """It changed since it was seen."""


def _as_seen(request: HttpRequest, queue: Queue, item: Any, seen: str) -> Any:
    """The item, locked until the decision is made. Raises _Stale."""
    queue.lock(item)
    row = queue.rows(request.user).select_for_update(no_key=True, of=("self",)).select_related(*queue.related).get(pk=item.pk)
    if queue.version(row) != seen or not queue.is_open(row):
        raise _Stale
    return row


def _page(request: HttpRequest, queue: Queue, row: Any, *, form: DecisionForm | None = None, stale: bool = False, status: int = 200) -> HttpResponse:
    now = timezone.now()
    open_ = queue.is_open(row)
    may_decide = open_ and request.user.may(queue.work)  # type: ignore[union-attr]
    outcomes = tuple(one for one in queue.outcomes if one.fits(row)) if may_decide else ()
    if form is None or stale:
        kept = {"note": form["note"].value()} if form is not None else {}
        first = outcomes[0].code if outcomes else ""
        initial = {"outcome": first, "seen": queue.version(row), "key": uuid.uuid4().hex, **kept}
        form = DecisionForm(initial=initial, outcomes=[(one.code, one.label) for one in outcomes])
    results = checks.in_order(queue.checks(row, now))
    before, after = listing.neighbours(request.user, Asked.read(queue, parameters(request)), of=row, now=now)
    facts = Event.objects.visible_to(request.user).filter(subject_type=queue.subject, subject_id=row.pk)[:40]
    context = {
        **work_context(request, queue, row, now=now), "row": row, "name": queue.label_of(row), "form": form, "outcomes": outcomes, "stale": stale,
        "keys": {one.code: one.letter for one in queue.outcomes}, "facts": [(label, read(row)) for label, read in queue.facts], "checks": results,
        "check_counts": checks.counts(results), "consequences": [{"icon": "info", "text": f"{one.label}: {one.consequence}"} for one in outcomes],
        "previous": before, "following": after, "history": facts,
        **notes_context(request, [subject_of(queue, row)]), "decide_name": queue.name("decide", of_item=True),
        "leads": queue.leads(row, request.user),
    }  # fmt: skip
    return render(request, "work/item.html", context, status=status)
