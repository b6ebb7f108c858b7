"""What a view asks for: a permission, or a fresh proof of who is at the keyboard."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.decorators import reauthentication_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from backoffice.access.models import Role, Staff
from backoffice.access.permissions import catalogue

View = TypeVar("View", bound=Callable[..., Any])


class NotPermitted(PermissionDenied):
    """Refused for want of a permission. Tells the error page what is missing, who holds it and who can grant it."""

    def __init__(self, name: str) -> None:
        found = catalogue.get(name)
        super().__init__(name)
        self.permission = found.label
        self.held_by = [role.label for role in Role.objects.all() if name in role.held]
        self.ask = [person.name for person in Staff.objects.who_may("access.manage_people")][:3]


def require(staff: Any, permission: str) -> None:
    """Raise NotPermitted unless the person holds the permission."""
    if not staff.is_authenticated or not staff.may(permission):
        raise NotPermitted(permission)


def permission_required(permission: str) -> Callable[[View], View]:
    """The view answers 403 to anybody without the permission. The name is checked when the view is first asked."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            require(request.user, permission)
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def step_up(view: View) -> View:
    """The view asks again for password or code when the last proof is older than five minutes."""
    return reauthentication_required(view)
