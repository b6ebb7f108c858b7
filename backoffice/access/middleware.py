"""Between the session and the page: how long, with which second factor, and on which brands."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from backoffice.access import sessions
from backoffice.access.scope import SESSION_KEY, Scope

Next = Callable[[HttpRequest], HttpResponse]

# What somebody without a second factor may open: setting it up, reading the recovery codes, leaving.
SETTING_UP = frozenset({"mfa_activate_totp", "account_reauthenticate", "account_logout", "ui:preference"})


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect that works for a page and for a fragment: a sign-in form must not be swapped into a table."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def sign_in_url(request: HttpRequest, why: str = "") -> str:
    query = {"ended": why} if why else {}
    if request.method == "GET" and request.headers.get("HX-Request") != "true" and request.path != "/":
        query["next"] = request.get_full_path()
    return reverse("account_login") + (f"?{urlencode(query)}" if query else "")


class SessionLimits:
    """Ends a session after rest and after a working day."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and (why := sessions.over(request)):
            sessions.end(request, why)
        return self.get_response(request)


class SignInRequired(LoginRequiredMiddleware):
    """Every page needs a signed-in person unless its view says otherwise; the sign-in page says why a session ended."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        return go_to(request, sign_in_url(request, getattr(request, "session_ended", "")))


class MfaRequired:
    """Nobody works without a second factor, and no session does that began before it was set up elsewhere."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view_func: Any, *args: Any) -> HttpResponse | None:
        if not request.user.is_authenticated or request.session.get(sessions.SECOND_FACTOR):
            return None
        created = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP).values_list("created_at", flat=True).first()
        if created is not None:
            if created.timestamp() <= request.session[sessions.STARTED]:
                request.session[sessions.SECOND_FACTOR] = True
                return None
            sessions.end(request, "second-factor")
            return go_to(request, sign_in_url(request, "second-factor"))
        request.setting_up = True  # type: ignore[attr-defined]
        match = request.resolver_match
        if not getattr(view_func, "login_required", True) or (match and match.view_name in SETTING_UP):
            return None
        return go_to(request, reverse("mfa_activate_totp"))


class Reach:
    """Puts `request.scope` and `request.reach` there. Both ask the database once, and only when somebody looks."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            request.user.narrowed_to = request.session.get(SESSION_KEY)
        scope = Scope(request)
        request.scope = scope  # type: ignore[attr-defined]
        request.reach = cast(frozenset[int], SimpleLazyObject(lambda: scope.reach))  # type: ignore[attr-defined]
        return self.get_response(request)
