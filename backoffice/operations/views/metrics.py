"""/metrics for Prometheus: with the bearer token of METRICS_TOKEN, and not at all without one."""

import hmac
import itertools

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404("METRICS_TOKEN is not set.")
    offered = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(offered, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse("Send the token.\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    from backoffice.operations.metrics import counting, house

    class Both:
        def collect(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            return itertools.chain(counting.collect(), house.collect())

    return HttpResponse(generate_latest(Both()), content_type=CONTENT_TYPE_LATEST)
