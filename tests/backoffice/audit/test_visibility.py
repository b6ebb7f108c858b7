"""Who may see which facts: those of their brands and of no brand, and compliance's own only with that right."""

from dataclasses import dataclass, field

import pytest

from backoffice.audit.models import Event, Visibility
from tests.backoffice.audit.tools import NOW, fact


@dataclass
class Staff:
    """As much of a colleague as visibility asks."""

    brands: tuple[int, ...] = ()
    rights: frozenset[str] = field(default_factory=frozenset)

    def may(self, permission: str) -> bool:
        return permission in self.rights

    def reach(self) -> list[int]:
        return list(self.brands)


@pytest.fixture
def eight(db: None) -> None:
    """For each of brand 1, 2, 3 and none: a normal fact and one for compliance."""
    for brand in (1, 2, 3, None):
        for visibility in Visibility:
            fact(f"{brand}/{visibility.name.lower()}", brand_id=brand, visibility=visibility)


@pytest.mark.parametrize(
    ("staff", "seen"),
    [
        (Staff(), {"None/normal"}),
        (Staff((1,)), {"1/normal", "None/normal"}),
        (Staff((1, 3)), {"1/normal", "3/normal", "None/normal"}),
        (Staff((1,), frozenset({"audit.view_compliance"})), {"1/normal", "1/compliance", "None/normal", "None/compliance"}),
        (Staff((), frozenset({"scope.all_brands"})), {"1/normal", "2/normal", "3/normal", "None/normal"}),
        (
            Staff((), frozenset({"scope.all_brands", "audit.view_compliance"})),
            {f"{brand}/{kind}" for brand in (1, 2, 3, None) for kind in ("normal", "compliance")},
        ),
    ],
    ids=["nobody's", "one brand", "two brands", "compliance of one brand", "all brands", "all of it"],
)
def test_a_colleague_sees_what_their_reach_and_rights_say(eight: None, staff: Staff, seen: set[str]) -> None:
    assert set(Event.objects.visible_to(staff).values_list("type", flat=True)) == seen


def test_pages_read_by_when_it_happened_then_by_id(db: None) -> None:
    first, second, third = fact(at=NOW), fact(at=NOW.replace(year=2000)), fact(at=NOW)

    assert list(Event.objects.values_list("pk", flat=True)) == [third, first, second]
