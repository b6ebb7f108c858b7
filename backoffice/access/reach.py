"""Which brands a person may work on. Resolved once per request into a set of ids; every list filters by that set."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import BigIntegerField, F, OuterRef
from django.db.models.functions import Cast, JSONObject
from guardian.models import UserObjectPermission

from backoffice.scope.models import Brand, Jurisdiction

if TYPE_CHECKING:
    from backoffice.access.models import Staff

PERMISSION = "reach_brand"
ALL_BRANDS = "scope.all_brands"
M = TypeVar("M", bound=models.Model)


class Reached:
    """The brands somebody reaches, and the one that the scope switcher narrowed them to."""

    def __init__(self, brands: Iterable[Brand], narrowed_to: int | None = None) -> None:
        """A choice outside the reach is ignored: a stale one must not widen, and must not lock a person out."""
        self.brands = list(brands)
        self.chosen = next((brand for brand in self.brands if brand.pk == narrowed_to), None)
        self.ids = frozenset(brand.pk for brand in ([self.chosen] if self.chosen else self.brands))


def of(staff: "Staff") -> Reached:
    """One query: the reachable brands with their markets."""
    if not staff.is_active:
        return Reached([])
    brands = Brand.objects.all() if staff.may(ALL_BRANDS) else Brand.objects.filter(pk__in=granted_ids(staff))
    markets = Jurisdiction.objects.filter(brands=OuterRef("pk")).order_by("name")
    row = JSONObject(code=F("code"), name=F("name"), regulator=F("regulator"))
    return Reached(brands.annotate(markets=ArraySubquery(markets.values(row=row))), staff.narrowed_to)


def granted_ids(staff: "Staff") -> models.QuerySet[Any]:
    """Ids of the brands granted to this person by name. Guardian keeps keys as text, so they are cast here, once."""
    return (
        UserObjectPermission.objects.filter(user=staff, permission__codename=PERMISSION, content_type=ContentType.objects.get_for_model(Brand))
        .annotate(brand_id=Cast("object_pk", BigIntegerField()))
        .values("brand_id")
    )


def reaching(people: "Iterable[Staff]", brand_id: int | None) -> "list[Staff]":
    """Those of `people` (read with their roles) who work on the brand; all of them when it is None. One query."""
    if brand_id is None:
        return list(people)
    kind = ContentType.objects.get_for_model(Brand)
    granted = set(
        UserObjectPermission.objects.filter(permission__codename=PERMISSION, content_type=kind, object_pk=str(brand_id)).values_list("user_id", flat=True)
    )
    return [person for person in people if person.pk in granted or person.may(ALL_BRANDS)]


class BrandReachQuerySet(models.QuerySet[M]):
    """For models with a `brand`. Every list that leaves a selector has passed `visible_to`."""

    def visible_to(self, staff: "Staff") -> "BrandReachQuerySet[M]":
        """Rows of the brands this person reaches; nothing for somebody who is not signed in."""
        if not getattr(staff, "is_authenticated", False):
            return self.none()
        return self.filter(brand_id__in=staff.reach())
