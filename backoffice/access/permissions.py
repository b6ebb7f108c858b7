"""The catalogue of permissions: every right in this house, in words that an auditor can read.

A room registers its own in `AppConfig.ready()` and says which shipped roles hold it by default. A name that nobody
registered is a mistake in code, so asking for it raises instead of answering no.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.utils.functional import Promise

from backoffice.access.roles import OWNER, SHIPPED

Text = str | Promise  # a label may be translated late
NAME = re.compile(r"[a-z][a-z_]*\.[a-z][a-z0-9_]*")


class UnknownPermission(LookupError):
    """A permission that no room has registered."""


@dataclass(frozen=True)
class Permission:
    name: str  # room.verb_object, such as payments.decide
    label: Text  # completes "May ...", such as "Decide withdrawals"
    group: Text
    roles: tuple[str, ...] = ()  # shipped roles that hold it by default; the owner always does

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a permission's name. Write room.verb_object in small letters.")
        if unknown := set(self.roles) - SHIPPED.keys():
            raise ValueError(f"{self.name} names roles that are not shipped: {', '.join(sorted(unknown))}")


class Catalogue:
    def __init__(self) -> None:
        self._permissions: dict[str, Permission] = {}

    def register(self, *permissions: Permission) -> None:
        """Add permissions. The same one twice is harmless; two meanings of one name are refused."""
        for permission in permissions:
            if self._permissions.setdefault(permission.name, permission) != permission:
                raise ValueError(f"{permission.name} is registered twice with different meanings.")

    def get(self, name: str) -> Permission:
        try:
            return self._permissions[name]
        except KeyError:
            raise UnknownPermission(f"{name} is not in the catalogue of permissions.") from None

    def __contains__(self, name: object) -> bool:
        return name in self._permissions

    def __iter__(self) -> Iterator[Permission]:
        return iter(sorted(self._permissions.values(), key=lambda one: (str(one.group), str(one.label))))

    def by_group(self) -> list[tuple[Text, list[Permission]]]:
        return [(group, list(found)) for group, found in groupby(self, key=lambda one: one.group)]

    def shipped(self, role: str) -> frozenset[str]:
        """What a shipped role holds until somebody adjusts it."""
        return frozenset(one.name for one in self._permissions.values() if role == OWNER or role in one.roles)


catalogue = Catalogue()
