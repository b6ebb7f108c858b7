"""Who may be signed in, asked at sign-in and again on every request."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

from backoffice.access.models import Staff


def refused_here(staff: Any) -> bool:
    """Demo people have passwords that everybody knows, so production does not know them."""
    return bool(settings.PRODUCTION and staff.is_demo)


class StaffBackend(AuthenticationBackend):
    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not refused_here(user)

    def get_user(self, user_id: int) -> Staff | None:
        """The person of a session, with the roles, and what other rooms show about them on every page, in the same query."""
        person = Staff.objects.signed_in().filter(pk=user_id).first()
        return person if person is not None and self.user_can_authenticate(person) else None
