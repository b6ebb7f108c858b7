"""One message of a provider: what came, what it was taken for, and what came of it."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.ui import toasts
from backoffice.work.items import NotPossible
from payments.models import WebhookEvent
from payments.queues.exceptions import address
from payments.queues.news import PERMISSION
from payments.selectors.trail import history, readable
from payments.services import webhooks


def _found(request: HttpRequest, pk: int) -> WebhookEvent:
    row = WebhookEvent.objects.visible_to(request.user).filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such message in your brands."))
    return row


@require_safe
@permission_required(PERMISSION)
def message(request: HttpRequest, pk: int) -> HttpResponse:
    row, now = _found(request, pk), timezone.now()
    body = bytes(row.body)
    context = {
        "message": row, "raw": readable(body), "size": len(body), "now": now, "address": address(row) if row.payment_id else "",
        "facts": history(request.user, [(webhooks.SUBJECT, row.pk)]), "timezone_name": timezone.localtime(now).tzname(),
        "headers": sorted(row.headers.items()), "back": reverse("payments:provider-news"),
        "may_again": request.user.may("payments.decide") and row.handled_at is not None and row.kind != "unread" and body,  # type: ignore[union-attr]
    }  # fmt: skip
    return render(request, "payments/message.html", context)


@require_POST
@permission_required("payments.decide")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Act on it once more. It is for who may read it, too."""
    row = _found(request, pk)
    try:
        webhooks.again(event_pk=row.pk, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except NotPossible as why:
        toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("It is handled again in a moment"))
    return HttpResponseRedirect(reverse("payments:provider-message", args=[row.pk]), status=303)
