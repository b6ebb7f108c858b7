"""What the pages of a queue share: the item of a request, the view it came from, addresses."""

from typing import Any

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.work.queues import Queue


def parameters(request: HttpRequest) -> QueryDict:
    """What the request says about the view: in its address, or carried along in the body."""
    return request.GET if request.method in {"GET", "HEAD"} else request.POST


def found(request: HttpRequest, queue: Queue, pk: int) -> Any:
    """The item, or 404 also when it belongs to a brand that this person does not reach."""
    row = queue.rows(request.user).select_related(*queue.related).filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such thing in your brands."))
    return row


def address_of(queue: Queue, pk: int, context: str = "") -> str:
    return reverse(queue.detail, args=[pk]) + (f"?{context}" if context else "")


def list_address(queue: Queue, context: str = "") -> str:
    return reverse(queue.index) + (f"?{context}" if context else "")


def without(query: QueryDict, *names: str) -> QueryDict:
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return rest
