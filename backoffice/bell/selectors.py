"""What the bell and its page read."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpRequest, QueryDict

from backoffice.bell import kinds
from backoffice.bell.models import Notice
from backoffice.ui import numbers
from backoffice.ui.queries import ignored

SIZE = 50


def unseen_by_brand() -> ArraySubquery:
    """Over a person's row: how many unseen notices of which brand. Read with the person of a request, so that the bell costs no query."""
    rows = Notice.objects.filter(staff=OuterRef("pk"), seen_at=None).order_by().values("brand_id").annotate(n=Count("pk"))
    return ArraySubquery(rows.values(row=JSONObject(brand=F("brand_id"), n=F("n"))))


def unseen_of(request: HttpRequest) -> int:
    """The number on the bell: the size of the list behind it."""
    staff: Any = request.user
    rows = getattr(staff, "unseen_notices", None)
    if rows is None:  # somebody who did not come through a session
        return Notice.objects.visible_to(staff).filter(seen_at=None).count()
    reached = {None, *(brand.pk for brand in staff.brands)}
    return sum(row["n"] for row in rows if row["brand"] in reached)


@dataclass
class Filters:
    """What the address asks for; what nobody understands is shown and not obeyed."""

    view: str = "unseen"
    kind: str = ""
    after: int = 0
    before: int = 0
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        found = cls()
        found.ignored = ignored(query, found._take)
        return found

    def _take(self, name: str, value: str) -> bool:
        if name == "view" and value in {"unseen", "all"}:
            self.view = value
        elif name == "kind" and value in {kind.code for kind in kinds.every()}:
            self.kind = value
        elif name in {"after", "before"} and numbers.is_id(value):
            setattr(self, name, int(value))
        else:
            return False
        return True


@dataclass
class Page:
    rows: list[Notice]
    newer: int = 0
    older: int = 0


def page(staff: Any, filters: Filters) -> Page:
    """Fifty notices, newest first. One query."""
    rows: QuerySet[Notice] = Notice.objects.visible_to(staff).select_related("brand")
    if filters.view == "unseen":
        rows = rows.filter(seen_at=None)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    backwards = bool(filters.before)
    if backwards:
        rows = rows.filter(pk__gt=filters.before).order_by("pk")
    elif filters.after:
        rows = rows.filter(pk__lt=filters.after)
    found = list(rows[: SIZE + 1])
    more, found = len(found) > SIZE, found[:SIZE]
    if backwards:
        found.reverse()
    return Page(
        found,
        newer=found[0].pk if found and (filters.after or (backwards and more)) else 0,
        older=found[-1].pk if found and (more or backwards) else 0,
    )
