"""Where providers tell their news: kept at once, answered at once, handled by a worker. The signature is the sign-in."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from backoffice.integrations import bodies
from backoffice.integrations.api import door
from backoffice.integrations.problems import Problem
from payments import hints
from payments.providers.protocol import BadSignature, BadWebhook, StaleSignature
from payments.providers.registry import UnknownProvider
from payments.services import webhooks

MAX_BODY = 262_144  # bytes


@door
@require_POST
def receive(request: HttpRequest, code: str) -> HttpResponse:
    """Check, keep, answer 200. The same event again is answered 200 too and kept once."""
    body = bodies.read(request, most=MAX_BODY)
    try:
        waiting = webhooks.receive(provider=code, headers=request.headers, body=body, now=timezone.now())
    except UnknownProvider:
        raise Problem(404, "not_found", f"No provider is called {code} here.") from None
    except StaleSignature:
        raise Problem(401, "not_signed", "The signature is too old or from the future. Sign each try afresh.") from None
    except BadSignature:
        raise Problem(401, "not_signed", "The signature does not match the body.") from None
    except BadWebhook:
        raise Problem(422, "invalid", "Signed rightly, but not understood. It was kept for a person to read.") from None
    for event in waiting:
        hints.webhook(event)
    return JsonResponse({"received": len(waiting)})
