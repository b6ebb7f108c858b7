"""People who work here, what they may do, and sign-ins that were refused too often."""

import zoneinfo
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import JSONObject, Lower
from django.utils.timezone import now

from backoffice.access import reach
from backoffice.access.permissions import catalogue
from backoffice.access.roles import in_words
from backoffice.scope.models import Brand, known_timezone

ANY_AMOUNT = Decimal("Infinity")


class Role(models.Model):
    """A named set of permissions. A shipped role follows the catalogue's defaults until somebody adjusts it."""

    configured_by = "access.role"  # written by a change of this kind alone (backoffice/approvals)

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    purpose = models.CharField(max_length=200, blank=True)
    shipped = models.BooleanField(default=False)
    adjusted = models.BooleanField(default=False, help_text="Its own list counts, not the shipped defaults.")
    permissions = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    limits = models.JSONField(default=dict, blank=True, help_text='Largest amount by permission and currency: {"payments.decide": {"EUR": "2000.00"}}')

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(shipped=True) | Q(adjusted=True),
                name="access_role_has_permissions_of_its_own",
                violation_error_message="A role that is not shipped needs its own list of permissions.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name in the language of who reads it."""
        return in_words(self.code, self.name)

    @property
    def aim(self) -> str:
        """What it is for, in the language of who reads it."""
        return in_words(self.code, self.purpose)

    @property
    def held(self) -> frozenset[str]:
        return held(self.code, self.adjusted, self.permissions)


def held(code: str, adjusted: bool, own: Iterable[str]) -> frozenset[str]:
    """The permissions of a role. One that left the catalogue gives nothing."""
    return frozenset(name for name in own if name in catalogue) if adjusted else catalogue.shipped(code)


_read_along: dict[str, Callable[[], Any]] = {}


def read_with_person(name: str, expression: Callable[[], Any]) -> None:
    """Let a room read something small about whoever is signed in, without a query of its own: an expression over the person's row."""
    _read_along[name] = expression


class StaffQuerySet(models.QuerySet["Staff"]):
    def with_roles(self) -> "StaffQuerySet":
        """Each person with the roles in the same row, so that a request needs one query for both."""
        roles = Role.objects.filter(staff=OuterRef("pk")).order_by("name")
        row = JSONObject(code=F("code"), name=F("name"), adjusted=F("adjusted"), permissions=F("permissions"), limits=F("limits"))
        return self.annotate(role_rows=ArraySubquery(roles.values(row=row)))

    def signed_in(self) -> "StaffQuerySet":
        """As `with_roles`, and with what higher rooms read about the person of a request in the same row (`read_with_person`)."""
        return self.with_roles().annotate(**{name: make() for name, make in _read_along.items()})

    def of_role(self, code: str, *, brand_id: int | None) -> list["Staff"]:
        """Active people who hold a role and reach the brand, by name. None is no brand in particular. Two queries."""
        people = list(self.filter(is_active=True, pk__in=Role.staff.through.objects.filter(role__code=code).values("staff_id")).with_roles().order_by("name"))
        return reach.reaching(people, brand_id)

    def who_may(self, permission: str) -> list["Staff"]:
        """Active people who hold a permission, by name."""
        return [person for person in self.filter(is_active=True).with_roles().order_by("name") if person.may(permission)]


class StaffManager(BaseUserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, email: str) -> "Staff":
        return self.get(email=email.strip().lower())


class Staff(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. What they may do comes from roles, where they may do it from reach."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80)
    timezone = models.CharField(max_length=64, default="UTC", validators=[known_timezone])
    language = models.CharField(max_length=8, default="en")
    theme = models.CharField(max_length=12, default="system")
    density = models.CharField(max_length=12, default="comfortable")
    shortcuts = models.CharField(max_length=4, default="on")
    roles = models.ManyToManyField(Role, related_name="staff", blank=True)
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False, help_text="Has a password that everybody knows. Refused in production.")
    joined_at = models.DateTimeField(default=now)

    narrowed_to: int | None = None  # set by the request's middleware, from the scope switcher

    objects = StaffManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("name",)
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="access_staff_email_small",
                violation_error_message="Write the address in small letters.",
            ),
            models.CheckConstraint(
                condition=Q(is_superuser=False),
                name="access_staff_no_superuser",
                violation_error_message="Nobody stands above the roles. Grant the owner role instead.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.forget()

    def forget(self) -> None:
        """Drop what this instance remembers about roles and reach, after either changed."""
        for name in ("role_rows", "_role_rows", "permission_names", "_reached"):
            self.__dict__.pop(name, None)

    @property
    def initials(self) -> str:
        words = self.name.split()
        return (words[0][0] + words[-1][0] if len(words) > 1 else self.name[:2]).upper()

    @property
    def short_name(self) -> str:
        return self.name.split()[0] if self.name else self.email

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @cached_property
    def _role_rows(self) -> list[dict[str, Any]]:
        if "role_rows" in self.__dict__:
            return self.__dict__["role_rows"]
        fields = ("code", "name", "adjusted", "permissions", "limits")
        return [dict(row) for row in self.roles.values(*fields)] if self.pk else []

    @property
    def role_codes(self) -> frozenset[str]:
        return frozenset(row["code"] for row in self._role_rows)

    @property
    def role_names(self) -> list[str]:
        return [row["name"] for row in self._role_rows]

    @property
    def role_labels(self) -> list[str]:
        """The names of the roles in the language of who reads them."""
        return [in_words(row["code"], row["name"]) for row in self._role_rows]

    @cached_property
    def permission_names(self) -> frozenset[str]:
        return frozenset().union(*(held(row["code"], row["adjusted"], row["permissions"]) for row in self._role_rows))

    def may(self, permission: str) -> bool:
        """Whether any of the roles gives the permission. Raises UnknownPermission for a name outside the catalogue."""
        catalogue.get(permission)
        return self.is_active and permission in self.permission_names

    def limit(self, permission: str, currency: str) -> Decimal:
        """The largest amount for which the permission counts: the best of the roles that give it, nothing without it.

        A role that names no limits for the permission sets none. One that names some allows only the currencies it names.
        """
        best = Decimal(0)
        for row in self._role_rows:
            if self.may(permission) and permission in held(row["code"], row["adjusted"], row["permissions"]):
                limits = row["limits"].get(permission)
                best = max(best, ANY_AMOUNT if limits is None else Decimal(limits.get(currency, "0")))
        return best

    @cached_property
    def _reached(self) -> reach.Reached:
        return reach.of(self)

    @property
    def brands(self) -> list[Brand]:
        """Every brand this person may work on, whatever the scope switcher says."""
        return self._reached.brands

    @property
    def chosen_brand(self) -> Brand | None:
        """The one brand that the scope switcher narrowed this request to."""
        return self._reached.chosen

    def reach(self) -> frozenset[int]:
        """Ids of the brands that count now: all that are granted, or the one that the scope switcher narrowed to."""
        return self._reached.ids


class Lockout(models.Model):
    """Failed sign-ins in a row for one address, known or not, so that a refusal does not tell whether an account exists."""

    key = models.CharField(max_length=64, unique=True)  # keyed hash of the address
    failures = models.PositiveIntegerField(default=0)
    last_failed_at = models.DateTimeField()
    locked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.failures} failures"
