"""For load balancers and supervisors: no sign-in, one word, no details. Who wants to know more signs in (/operations/health/)."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backoffice.operations import reading

log = structlog.get_logger(__name__)


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else: a slow database must not restart every web server at once."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """What a web server cannot work without answers too. A late recorder is no reason to take every web server out."""
    well = reading.essential()
    if not well:
        log.warning("health.not_ready")
    return HttpResponse("ok\n" if well else "not ready\n", status=200 if well else 503, content_type="text/plain")
