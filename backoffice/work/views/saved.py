"""Saved views over HTTP."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.access.models import Role
from backoffice.ui import toasts
from backoffice.work import listing, saved
from backoffice.work.forms import ViewForm
from backoffice.work.items import NotPossible
from backoffice.work.models import SavedView
from backoffice.work.queues import Queue
from backoffice.work.views.common import list_address, without


def roles() -> list[tuple[str, Any]]:
    return [(role.code, role.label) for role in Role.objects.order_by("name")]


def save_view(request: HttpRequest, queue: Queue) -> HttpResponse:
    form = ViewForm(request.POST, roles=roles())
    query = listing.context_of(queue, without(QueryDict(request.POST.get("query", "")), "saved"))
    url = list_address(queue, query)
    if not form.is_valid():
        toasts.show(request, _("A view has a name of 1 to 40 characters."), tone="attention")
        return HttpResponseRedirect(url)
    given = form.cleaned_data
    try:
        view = saved.save(
            subject_type=queue.subject, name=given["name"], query=query, role=given["role"], locked=given["locked"], by=request.user, now=timezone.now()
        )
    except NotPossible as why:
        toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("View saved"))
        url = f"{reverse(queue.index)}?{view.query}{'&' if view.query else ''}saved={view.pk}"
    return HttpResponseRedirect(url)


def remove_view(request: HttpRequest, queue: Queue, view: int) -> HttpResponse:
    try:
        saved.remove(view_id=view, by=request.user, now=timezone.now())
    except SavedView.DoesNotExist as unknown:
        raise Http404 from unknown
    except NotPossible as why:
        toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("View removed"))
    return HttpResponseRedirect(reverse(queue.index))
