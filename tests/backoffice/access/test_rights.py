"""Permissions, roles, reach and the services that change them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.access import services
from backoffice.access.decorators import NotPermitted, permission_required
from backoffice.access.models import ANY_AMOUNT, Role, Staff, held
from backoffice.access.permissions import Catalogue, Permission, UnknownPermission, catalogue
from backoffice.access.reach import BrandReachQuerySet
from backoffice.access.roles import SHIPPED
from backoffice.approvals.registry import registry
from backoffice.approvals.services.applying import enact
from backoffice.audit.models import Event
from backoffice.scope.models import Brand
from tests.people import make_brand, make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorded(monkeypatch):
    found = []
    monkeypatch.setattr(services, "record_fact", lambda **fact: found.append(fact))
    return found


# ---- permissions and roles


def test_a_permission_that_nobody_registered_raises():
    with pytest.raises(UnknownPermission, match=r"payments\.fly is not in the catalogue"):
        make_person("owner").may("payments.fly")


@pytest.mark.parametrize("name", ["decide", "Payments.decide", "payments.", "payments decide"])
def test_a_permission_needs_a_proper_name(name):
    with pytest.raises(ValueError, match="is not a permission's name"):
        Permission(name, "Decide", group="Payments")


def test_a_permission_cannot_name_a_role_that_is_not_shipped():
    with pytest.raises(ValueError, match="roles that are not shipped: barista"):
        Permission("payments.decide", "Decide", group="Payments", roles=("barista",))


def test_one_name_has_one_meaning():
    own = Catalogue()
    own.register(Permission("a.b", "One", group="G"), Permission("a.b", "One", group="G"))
    with pytest.raises(ValueError, match="registered twice"):
        own.register(Permission("a.b", "Two", group="G"))


def test_every_shipped_role_exists_and_the_owner_holds_everything():
    assert set(Role.objects.filter(shipped=True).values_list("code", flat=True)) == set(SHIPPED)
    assert Role.objects.get(code="owner").held == {one.name for one in catalogue}


def change_role(code: str, **values: object) -> None:
    """By the house, through the engine: the table takes no other writes."""
    enact(kind="access.role", subject=code, values={**registry.kind("access.role").current(code), **values}, reason="Test", now=timezone.now())


def test_an_adjusted_role_holds_its_own_list_and_ignores_what_left_the_catalogue():
    change_role("support", follows=False, permissions=["access.view_people"])
    assert make_person("support").permission_names == {"access.view_people"}
    assert held("support", True, ["access.view_people", "gone.away"]) == {"access.view_people"}


def test_the_database_refuses_a_role_of_ones_own_that_follows_defaults():
    with pytest.raises(ValidationError, match="needs its own list"):
        Role(code="barista", name="Barista").validate_constraints()


def test_the_database_refuses_somebody_above_the_roles():
    with pytest.raises(IntegrityError, match="access_staff_no_superuser"):
        Staff.objects.create(email="root@countroom.example", name="Root", is_superuser=True)


def test_a_limit_is_the_best_of_the_roles_that_give_the_permission():
    person = make_person("compliance")
    assert person.limit("access.view_people", "EUR") == ANY_AMOUNT
    change_role("compliance", limits={"access.view_people": {"EUR": "2000.00"}})
    person.refresh_from_db()
    assert person.limit("access.view_people", "EUR") == Decimal("2000.00")
    assert person.limit("access.view_people", "SEK") == Decimal(0)
    assert person.limit("access.manage_people", "EUR") == Decimal(0)


def test_somebody_inactive_may_nothing_and_reaches_nothing():
    person = make_person("owner", brands=[make_brand()])
    person.is_active = False
    assert not person.may("access.view_people")
    assert person.reach() == frozenset()


def test_the_refusal_names_the_permission_its_holders_and_whom_to_ask():
    make_person("owner", name="Dana Petrova")

    @permission_required("access.manage_people")
    def view(request):
        raise AssertionError

    request = RequestFactory().get("/")
    request.user = make_person("support")
    with pytest.raises(NotPermitted) as refused:
        view(request)
    assert refused.value.permission == "Add people, grant roles and reach, reset a second factor"
    assert refused.value.held_by == ["Owner"]
    assert refused.value.ask == ["Dana Petrova"]
    page = signed_in(request.user).get("/people/add/").content.decode()
    assert "Ask Dana Petrova, who can grant it." in page


# ---- reach


class BrandThing(models.Model):
    """Stands for any table with a brand; lives in the query builder only."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE)
    objects = BrandReachQuerySet.as_manager()

    class Meta:
        app_label = "scope"
        managed = False

    def __str__(self) -> str:
        return str(self.brand_id)


def ids_in(query) -> set[int]:
    """The brand ids that a `visible_to` query filters by."""
    lookups = list(query.query.where.children)
    return set(lookups[0].rhs) if lookups else set()


def test_reach_is_what_was_granted_by_name():
    nova, fjord = make_brand("nova"), make_brand("fjord")
    assert make_person("payments-l1", brands=[nova]).reach() == {nova.pk}
    assert make_person("payments-l1", brands=[nova, fjord]).reach() == {nova.pk, fjord.pk}
    assert make_person("payments-l1").reach() == frozenset()


def test_whoever_may_work_on_all_brands_reaches_those_that_come_later_too():
    person = make_person("auditor")
    make_brand("nova")
    late = make_brand("late")
    assert late.pk in person.reach()


def test_lists_hold_only_reachable_brands():
    nova = make_brand("nova")
    make_brand("fjord")
    assert ids_in(BrandThing.objects.all().visible_to(make_person("payments-l1", brands=[nova]))) == {nova.pk}


def test_nobody_sees_anything_without_a_sign_in():
    from django.contrib.auth.models import AnonymousUser

    assert BrandThing.objects.all().visible_to(AnonymousUser()).query.is_empty()


def test_the_switcher_narrows_widens_and_ignores_what_is_out_of_reach():
    nova, fjord, third = make_brand("nova"), make_brand("fjord"), make_brand("third")
    client = signed_in(make_person("payments-l1", brands=[nova, fjord]))

    client.post("/scope/", {"brand": "nova"})
    assert client.get("/").wsgi_request.reach == {nova.pk}
    assert client.post("/scope/", {"brand": "third"}).status_code == 404
    assert client.get("/").wsgi_request.reach == {nova.pk}
    client.post("/scope/", {"brand": ""})
    assert client.get("/").wsgi_request.reach == {nova.pk, fjord.pk}

    session = client.session
    session["brand"] = third.pk
    session.save()
    assert client.get("/").wsgi_request.reach == {nova.pk, fjord.pk}


def test_a_page_asks_three_queries_for_session_person_and_reach():
    client = signed_in(make_person("crm", brands=[make_brand()]))  # a role for which no room counts anything yet
    client.get("/search/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/search/")
    assert len(queries) == 3, [query["sql"][:120] for query in queries]


# ---- services


def test_granting_and_revoking_a_role_is_on_the_record_once(recorded):
    owner, person, role = make_person("owner"), make_person(), Role.objects.get(code="kyc")
    recorded.clear()
    for _ in range(2):
        services.grant_role(staff=person, role=role, by=owner, now=timezone.now(), reason="Joins KYC")
    assert person.role_codes == {"kyc"}
    for _ in range(2):
        services.revoke_role(staff=person, role=role, by=owner, now=timezone.now())
    assert person.role_codes == frozenset()
    assert [(one["type"], one["actor"], one.get("before"), one.get("after")) for one in recorded] == [
        ("staff.role_granted", owner, {"roles": []}, {"roles": ["kyc"]}),
        ("staff.role_revoked", owner, {"roles": ["kyc"]}, {"roles": []}),
    ]


def test_granting_and_revoking_reach(recorded):
    person, nova = make_person(), make_brand("nova")
    recorded.clear()
    for _ in range(2):
        services.grant_reach(staff=person, brand=nova, by=None, now=timezone.now())
    assert person.reach() == {nova.pk}
    for _ in range(2):
        services.revoke_reach(staff=person, brand=nova, by=None, now=timezone.now())
    assert person.reach() == frozenset()
    assert [one["type"] for one in recorded] == ["staff.reach_granted", "staff.reach_revoked"]


@pytest.mark.parametrize("act", ["grant_role", "revoke_role", "grant_reach", "revoke_reach", "lift_lockout", "reset_second_factor", "set_active"])
def test_nobody_changes_their_own_rights(act):
    owner, nova = make_person("owner"), make_brand("nova")
    extra = {
        "grant_role": {"role": Role.objects.get(code="kyc")},
        "revoke_role": {"role": Role.objects.get(code="owner")},
        "grant_reach": {"brand": nova},
        "revoke_reach": {"brand": nova},
        "reset_second_factor": {"reason": "x"},
        "set_active": {"active": False, "reason": "x"},
    }.get(act, {})
    with pytest.raises(services.OwnRights):
        getattr(services, act)(staff=owner, by=owner, now=timezone.now(), **extra)
    assert owner.role_codes == {"owner"}


def test_the_last_owner_stays():
    first, second = make_person("owner"), make_person("owner")
    services.set_active(staff=second, active=False, by=first, now=timezone.now(), reason="Left")
    with pytest.raises(services.LastOwner):
        services.revoke_role(staff=first, role=Role.objects.get(code="owner"), by=None, now=timezone.now())
    with pytest.raises(services.LastOwner):
        services.set_active(staff=first, active=False, by=None, now=timezone.now(), reason="x")
    assert first.role_codes == {"owner"}


def test_an_address_belongs_to_one_person_however_it_is_written():
    services.create_staff(email="Ana@Countroom.example", name="Ana", by=None, now=timezone.now())
    with pytest.raises(ValidationError):
        services.create_staff(email="ana@countroom.example ", name="Ana too", by=None, now=timezone.now())
    assert Staff.objects.get().email == "ana@countroom.example"


def test_resetting_the_second_factor_ends_every_session():
    owner, person = make_person("owner"), make_person("support")
    client = signed_in(person)
    from allauth.usersessions.models import UserSession

    client.get("/")
    UserSession.objects.create(user=person, session_key=client.session.session_key, ip="127.0.0.1")
    services.reset_second_factor(staff=person, by=owner, now=timezone.now(), reason="Lost phone")
    assert client.get("/")["Location"] == "/sign-in/"


def test_what_happens_to_people_is_on_the_record():
    owner = make_person("owner", name="Olga Owner")
    person = make_person("support", name="Sofia Marin")
    services.set_active(staff=person, active=False, by=owner, now=timezone.now(), reason="Left the house")
    fact = Event.objects.filter(subject_type="access.staff", subject_id=person.pk).latest("id")
    assert (fact.type, fact.actor_label, fact.reason) == ("staff.closed", "Olga Owner", "Left the house")
    assert (fact.before, fact.after) == ('{"active":true}', '{"active":false}')
