"""The kinds of this room: roles, roles of people, packs; and the house's own ways in."""

import io
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from backoffice.access import services
from backoffice.access.models import Role, Staff
from backoffice.access.permissions import catalogue
from backoffice.approvals import selectors
from backoffice.approvals.models import ChangeRequest, Policy, Version
from backoffice.approvals.registry import registry
from backoffice.approvals.services import Invalid, decisions, drafts
from backoffice.audit.models import Event
from backoffice.scope import markets, packs
from backoffice.scope.models import PackVersion
from tests.backoffice.approvals.conftest import NAME, NOW, policy, proposed
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db
KYC = "kyc"


def change(kind, subject, by, approver, *, key="k", **values):
    """Proposed by one, approved by the other."""
    now_values = registry.kind(kind).current(subject) if subject else {}
    draft = drafts.draft(kind=kind, subject=subject, values={**now_values, **values}, by=by, key=key, now=NOW)
    sent = drafts.submit(change_id=draft.pk, version=1, reason="Test", by=by, now=NOW)
    return decisions.approve(change_id=sent.pk, version=sent.version, key="a", by=approver, now=NOW)


# Roles


def test_a_role_is_adjusted_and_its_diff_names_each_permission(dana, oren):
    person = make_person(KYC)
    held = registry.kind("access.role").current(KYC)["permissions"]
    role = registry.kind("access.role")
    new = {**role.current(KYC), "follows": False, "permissions": sorted([*held, "payments.decide"]), "limits": {"payments.decide": {"EUR": "500"}}}
    lines = selectors.diff(role, KYC, role.current(KYC), new)
    assert [(one.field, one.old, one.new) for one in lines] == [
        ("Follows", "the shipped defaults", "its own list"), ("Payments: Decide withdrawals", "", "May"), ("Decide withdrawals, up to", "", "500 EUR"),
    ]  # fmt: skip
    done = change("access.role", KYC, dana, oren, follows=False, permissions=[*held, "payments.decide"], limits={"payments.decide": {"EUR": "500"}})
    assert done.state == "active"
    person = Staff.objects.get(pk=person.pk)
    assert (person.may("payments.decide"), str(person.limit("payments.decide", "EUR"))) == (True, "500")
    back = change("access.role", KYC, dana, oren, key="k2", follows=True, permissions=[], limits={})
    assert (back.state, Role.objects.get(code=KYC).adjusted, Staff.objects.get(pk=person.pk).may("payments.decide")) == ("active", False, False)


def test_a_new_role_is_there_when_it_was_approved(dana, oren):
    values = {"code": "night-shift", "name": "Night shift", "purpose": "", "follows": False, "permissions": ["payments.view"], "limits": {}}
    assert change("access.role", "", dana, oren, **values).subject == "night-shift"
    assert Role.objects.get(code="night-shift").held == {"payments.view"}


@pytest.mark.parametrize(
    ("subject", "wrong", "words"),
    [
        ("owner", {"follows": False, "permissions": []}, "holds every permission"), (KYC, {"permissions": ["payments.fly"], "follows": False}, "payments.fly"),
        (KYC, {"follows": False, "permissions": ["payments.view"], "limits": {"payments.decide": {"EUR": "5"}}}, "limited but not given"),
        (KYC, {"code": "other"}, "short name stays"), ("", {"code": KYC, "name": "x", "follows": False}, "such a role already"),
        ("", {"code": "night", "name": "x", "follows": True}, "Only a shipped role"),
    ],
)  # fmt: skip
def test_roles_that_make_no_sense_are_refused(dana, subject, wrong, words):
    values = registry.kind("access.role").current(subject) if subject else {"purpose": "", "permissions": [], "limits": {}}
    with pytest.raises(Invalid, match=words):
        drafts.draft(kind="access.role", subject=subject, values={**values, **wrong}, by=dana, key="k", now=NOW)


# Roles of people


def test_without_a_policy_roles_are_granted_directly_and_with_one_by_approval(dana, oren):
    person, kyc = make_person(), Role.objects.get(code=KYC)
    services.grant_role(staff=person, role=kyc, by=dana, now=NOW)
    services.revoke_role(staff=person, role=kyc, by=dana, now=NOW)
    policy(kind="access.grants", roles=["owner", "compliance"])
    for service in (services.grant_role, services.revoke_role):
        with pytest.raises(services.NeedsApproval):
            service(staff=person, role=kyc, by=dana, now=NOW)
    answer = signed_in(dana).post(reverse("access:grant-role", args=[person.pk]), {"role": kyc.pk, "reason": "Test"})
    assert answer.status_code in {302, 409}  # 302 when the page first asks for a fresh proof of who is there
    assert Staff.objects.get(pk=person.pk).role_codes == set()

    done = change("access.grants", str(person.pk), dana, oren, roles=[KYC])
    assert (done.state, Staff.objects.get(pk=person.pk).role_codes) == ("active", {KYC})
    fact = Event.objects.filter(type="staff.role_granted", subject_id=person.pk).latest("id")
    assert (fact.actor_label, json.loads(fact.after)) == ("Dana Petrova", {"roles": [KYC]})
    services.grant_role(staff=person, role=Role.objects.get(code="crm"), by=None, now=NOW)  # the house still may


def test_nobody_gives_themselves_a_role_even_with_an_approval(dana, oren):
    policy(kind="access.grants", roles=["owner", "compliance"])
    done = change("access.grants", str(dana.pk), dana, oren, roles=["owner", KYC])
    assert (done.state, Staff.objects.get(pk=dana.pk).role_codes) == ("failed", {"owner"})
    assert "Nobody changes their own roles" in done.outcome


def test_the_last_owner_stays(oren):
    only = make_person("owner")
    asker = make_person("owner")
    policy(kind="access.grants", roles=["compliance"])
    assert change("access.grants", str(only.pk), asker, oren, roles=[]).state == "active"
    asks_again = make_person("owner", name="Third")
    services.revoke_role(staff=asks_again, role=Role.objects.get(code="owner"), by=None, now=NOW)
    assert Staff.objects.filter(roles__code="owner", is_active=True).count() == 1


def test_who_may_not_see_people_sees_no_changes_of_their_rights(dana, oren, ines):
    values = {"code": "night", "name": "Night", "purpose": "", "follows": False, "permissions": [], "limits": {}}
    draft = drafts.draft(kind="access.role", values=values, by=dana, key="k", now=NOW)
    sent = drafts.submit(change_id=draft.pk, version=1, reason="x", by=dana, now=timezone.now())
    client = signed_in(ines)
    assert client.get(reverse("approvals:change", args=[sent.pk])).status_code == 404
    assert client.get(reverse("approvals:things", args=["access.grants"])).status_code == 403
    assert "Roles of people" not in client.get(reverse("approvals:settings")).content.decode()


# Packs


@pytest.fixture
def malta(db):
    packs.forget()
    return markets.open_market("MT", now=NOW)


def following(text: str, *, version: int = 2, start: str = "2026-12-01", hours: int = 12) -> str:
    return text.replace("version = 1", f"version = {version}").replace("2020-01-01", start).replace("value = 24", f"value = {hours}", 1)


def test_a_pack_is_proposed_compared_number_by_number_and_kept_byte_for_byte(malta, dana, oren):
    text = following(PackVersion.objects.get().text)
    kind = registry.kind("scope.pack")
    lines = [(one.field, one.old[:2], one.new[:2]) for one in selectors.diff(kind, "MT", kind.current("MT"), {"text": text})]
    assert lines == [("Version", "1", "2"), ("In force from", "20", "20"), ("Hours within which a withdrawal is decided", "24", "12")]
    assert change("scope.pack", "MT", oren, dana, text=text.replace("\n", "\r\n")).state == "active"
    assert PackVersion.objects.get(version=2).text == text
    hours = {on: packs.number(malta.pk, "withdrawal.decision_hours", on=on).value for on in (date(2026, 11, 30), date(2026, 12, 1))}
    assert hours == {date(2026, 11, 30): 24, date(2026, 12, 1): 12}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: following(text, version=3), "next version of MT is 2"), (lambda text: following(text).replace('"MT"', '"GB"'), "It says GB"),
        (lambda text: text.replace("version = 1", "version = 2").replace("value = 24", 'value = "x"'), "expected int"), (lambda text: "nonsense", "Not TOML"),
    ],
)  # fmt: skip
def test_a_pack_that_is_wrong_is_refused_with_every_problem(malta, oren, spoil, words):
    with pytest.raises(Invalid, match=words):
        drafts.draft(kind="scope.pack", subject="MT", values={"text": spoil(PackVersion.objects.get().text)}, by=oren, key="k", now=NOW)
    assert PackVersion.objects.count() == 1


def test_a_pack_can_be_uploaded_as_a_file(malta, oren):
    from django.core.files.uploadedfile import SimpleUploadedFile

    text = following(PackVersion.objects.get().text)
    upload = SimpleUploadedFile("MT.toml", text.encode())
    answer = signed_in(oren).post(reverse("approvals:propose", args=["scope.pack", "MT"]), {"text": "old", "file": upload, "key": "u"})
    assert answer.status_code == 302
    assert ChangeRequest.objects.get(kind="scope.pack", state="draft").payload == {"text": text}


def test_an_old_pack_comes_back_under_the_next_number(malta, dana, oren):
    change("scope.pack", "MT", oren, dana, text=following(PackVersion.objects.get().text, start="2026-01-01"))
    back = drafts.restore(kind="scope.pack", subject="MT", number=1, by=oren, key="r", now=NOW)
    sent = drafts.submit(change_id=back.pk, version=1, reason="The old hours", by=oren, now=NOW)
    decisions.approve(change_id=sent.pk, version=sent.version, key="a", by=dana, now=NOW)
    assert PackVersion.objects.count() == 3
    assert packs.number(malta.pk, "withdrawal.decision_hours", on=timezone.localdate()).value == 24


def test_load_pack_leaves_a_fact_and_a_version(malta, tmp_path):
    file = tmp_path / "MT.toml"
    file.write_text(following(PackVersion.objects.get().text))
    call_command("load_pack", str(file), stdout=io.StringIO())
    fact = Event.objects.filter(type="change.enacted").latest("id")
    assert (fact.actor_kind, json.loads(fact.after)["kind"]) == ("system", "scope.pack")
    assert [one.number for one in Version.objects.filter(kind="scope.pack", subject="MT")] == [2, 1]


# A house with one owner


def test_a_single_owner_is_not_locked_out(brand):
    alone = make_person("owner", name="Mara Vella")
    policy(kind="access.role", roles=["owner", "compliance"])
    values = {**registry.kind("access.role").current(KYC), "purpose": "Reviews everything"}
    draft = drafts.draft(kind="access.role", subject=KYC, values=values, by=alone, key="k", now=NOW)
    sent = drafts.submit(change_id=draft.pk, version=1, reason="x", by=alone, now=NOW)
    said = io.StringIO()
    call_command("approve_change", str(sent.pk), "--reason", "Nobody else works here yet", stdout=said)
    assert Role.objects.get(code=KYC).purpose == "Reviews everything"
    made = ChangeRequest.objects.get(kind="access.role", state="active")
    assert (made.requested_by, made.reason) == (None, "Nobody else works here yet")
    assert f"CH-{made.pk}" in ChangeRequest.objects.get(pk=sent.pk).outcome


def test_the_console_leaves_it_to_people_where_there_are_any(ines, dana):
    sent = proposed(ines)
    with pytest.raises(CommandError, match="Dana Petrova may approve"):
        call_command("approve_change", str(sent.pk), "--reason", "x", stdout=io.StringIO())
    with pytest.raises(CommandError, match="no change CH-999999"):
        call_command("approve_change", "999999", "--reason", "x", stdout=io.StringIO())
    assert ChangeRequest.objects.get(pk=sent.pk).state == "review"


def test_every_role_that_may_propose_may_also_see(brand):
    for kind in registry.kinds:
        for role in Role.objects.all():
            if kind.permission in role.held:
                needs = {kind.sees} if kind.page is not None else {"approvals.view", kind.sees}  # proposed on the room's own page
                assert (role.code, needs <= role.held) == (role.code, True)
    assert all(kind.permission in catalogue for kind in registry)
    assert Policy.objects.count() == 0
    assert NAME in {one.key for one in registry.kind("payments.reason").subjects()}
