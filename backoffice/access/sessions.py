"""How long a session lives: it ends after rest, after a working day, and when its person is no longer welcome."""

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

STARTED, SEEN, SECOND_FACTOR = "started_at", "seen_at", "second_factor"
BACKGROUND = "X-Background"  # sent with polls that no person caused; they do not keep a session alive
SEEN_EVERY = 60  # seconds between two writes of "seen"


def start(request: HttpRequest) -> None:
    now = timezone.now().timestamp()
    request.session[STARTED] = request.session[SEEN] = now


def over(request: HttpRequest) -> str:
    """Why this session is over: `idle`, `limit`, or nothing while it is not."""
    now = timezone.now().timestamp()
    session = request.session
    if STARTED not in session:
        start(request)
    if now - session[STARTED] > settings.SESSION_MAX_SECONDS:
        return "limit"
    if now - session[SEEN] > settings.SESSION_IDLE_SECONDS:
        return "idle"
    if now - session[SEEN] > SEEN_EVERY and BACKGROUND not in request.headers:
        session[SEEN] = now
    return ""


def end(request: HttpRequest, why: str) -> None:
    """Sign out and remember why for the sign-in page."""
    logout(request)
    request.session_ended = why  # type: ignore[attr-defined]


def end_all(staff_id: int) -> int:
    """End every session of a person, at once. Answers how many."""
    from allauth.usersessions.models import UserSession

    keys = list(UserSession.objects.filter(user_id=staff_id).values_list("session_key", flat=True))
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user_id=staff_id).delete()
    return ended
