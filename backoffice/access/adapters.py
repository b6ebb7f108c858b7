"""Where allauth asks this house how sign-in works: nobody signs up, failures count, the second factor is sealed."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.access import lockouts, secrets
from backoffice.access.backends import refused_here
from backoffice.access.facts import record_fact
from backoffice.access.sessions import STARTED, start

SILENT = ("logged_in.txt", "logged_out.txt")  # the page itself says so


class StaffAccounts(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many failed attempts. Wait five minutes, then try again."),
        "account_locked": _("This sign-in is locked after too many failed attempts. An owner can unlock it."),
        "demo_refused": _("Demo people cannot sign in here."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """The lock is asked before the password is looked at, so that a locked address cannot be used to test passwords."""
        if lockouts.locked_at(credentials.get("email", "")):
            raise self.validation_error("account_locked")
        super().pre_authenticate(request, **credentials)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        person = super().authenticate(request, **credentials)
        if person is not None and refused_here(person):
            raise self.validation_error("demo_refused")
        return person

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        if lockouts.note_failure(credentials.get("email", "")):
            raise self.validation_error("account_locked")

    @transaction.atomic
    def login(self, request: HttpRequest, user: Any) -> None:
        """Reached when every step, the second factor too, has been passed."""
        super().login(request, user)
        start(request)
        lockouts.clear(user.email)
        record_fact(type="staff.signed_in", actor=user, at=timezone.now(), subject=user)

    @transaction.atomic
    def logout(self, request: HttpRequest) -> None:
        person: Any = request.user
        super().logout(request)
        if person.is_authenticated:
            record_fact(type="staff.signed_out", actor=person, at=timezone.now(), subject=person)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A complete sign-in a moment ago is as good a proof as another one; it covers setting up the second factor."""
        started = context.request.session.get(STARTED, 0)
        fresh = timezone.now().timestamp() - started < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        return not fresh and super().is_reauthentication_required(app=app, **kwargs)

    def add_message(self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any) -> None:
        if not (message_template or "").endswith(SILENT):
            super().add_message(request, level, message_template, *args, **kwargs)


class StaffMfa(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("That code is not right, or was used before. Wait for the next one."),
        "cannot_delete_authenticator": _("Everybody here signs in with a second factor. Somebody who manages people can reset yours."),
    }

    def encrypt(self, text: str) -> str:
        return secrets.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.open_sealed(encrypted_text)

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        return False
