"""Whom the kit of queues tells what: each with the fact that made it so as its key, so that a retry tells nobody twice."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.bell import kinds, services
from backoffice.work import queues

if TYPE_CHECKING:
    from backoffice.work.items import Subject

TAKEN_OVER = kinds.Kind("work.taken_over", _("Work that somebody took over from you"), _("%(who)s took over %(item)s: %(why)s"), "rotate", "attention")
ASSIGNED = kinds.Kind("work.assigned", _("Work that was assigned to you"), _("%(who)s assigned %(item)s to you"), "user", "info")
ESCALATED = kinds.Kind(
    "work.escalated", _("Work that was escalated to your role"), _("%(who)s escalated %(item)s to %(role)s: %(why)s"), "flag", "warning", mail=True
)
MENTIONED = kinds.Kind("work.mentioned", _("Notes that mention you"), _("%(who)s mentioned you in a note about %(item)s"), "mail", "info", mail=True)


def register() -> None:
    kinds.register(TAKEN_OVER, ASSIGNED, ESCALATED, MENTIONED)


def tell(
    kind: kinds.Kind, subject: "Subject", *, to: Iterable[Staff], by: Staff, fact: int, now: datetime, why: str = "", role: str = "", url: str | None = None
) -> None:
    """Tell people about an item, except who did it. `url` is the page to open; the item's own when it is not given."""
    params = {"who": by.name, "item": subject.told or subject.label, "why": why[:300], "role": role}
    url = reverse(queues.get(subject.type).detail, args=[subject.id]) if url is None else url
    services.notify(to=[one for one in to if one.pk != by.pk], kind=kind.code, params=params, url=url, key=f"fact:{fact}", now=now, brand_id=subject.brand_id)
