"""What `manage.py check --deploy` says about people."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError


@register(Tags.security, deploy=True)
def no_demo_people_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Sign-in refuses them anyway; the check says that this database began as a demo."""
    if not settings.PRODUCTION:
        return []
    from backoffice.access.models import Staff

    try:
        names = list(Staff.objects.filter(is_demo=True, is_active=True).values_list("email", flat=True)[:5])
    except DatabaseError:
        return []  # no database yet: there is nobody to find
    if not names:
        return []
    hint = "Start from an empty database: what the demo seeded is not yours."
    return [Error(f"Demo people are in this database: {', '.join(names)}", hint=hint, id="access.E001")]
