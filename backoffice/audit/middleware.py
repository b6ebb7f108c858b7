"""Lets every fact of a request say where the request came from."""

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from backoffice.audit.actors import Origin, origin


def client_ip(request: HttpRequest) -> str:
    """The client's address: the socket's, or what the outermost trusted proxy saw when TRUSTED_PROXIES says there are any."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        return forwarded[-settings.TRUSTED_PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


class RequestContext:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key or ""
        token = origin.set(
            Origin(
                ip=client_ip(request),
                session=hashlib.sha256(key.encode()).hexdigest()[-12:] if key else "",
                request_id=getattr(request, "id", ""),
            )
        )
        try:
            return self.get_response(request)
        finally:
            origin.reset(token)
