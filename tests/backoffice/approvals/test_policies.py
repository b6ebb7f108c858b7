"""Which policy speaks, who may agree, and who stands in at night, on a clock that is put forward and back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from backoffice.approvals import rules
from backoffice.approvals.models import Policy
from backoffice.approvals.services import Invalid, NotAllowed, decisions, drafts
from backoffice.runtime import remembered
from payments import limits
from tests.backoffice.approvals.conftest import NOW, REASON, policy, proposed
from tests.casino import new_withdrawal, open_casino
from tests.people import make_brand, make_person

pytestmark = pytest.mark.django_db
POLICY = "approvals.policy"


def values(**more):
    return {
        "kind": REASON, "brand": "", "amounts": {}, "approvals": 1, "roles": [], "substitutes": [], "night_from": "", "night_until": "", "timezone": "UTC",
        "position": 0, "active": True, **more,
    }  # fmt: skip


def test_without_a_policy_the_kinds_default_speaks_and_rights_never_go_below_one(brand):
    assert [rules.resolve(code).needed for code in (REASON, POLICY, "access.role", "access.grants")] == [1, 1, 1, 0]
    for kind in (POLICY, "access.role"):
        with pytest.raises(Invalid, match="at least 1 other person"):
            policy(kind=kind, approvals=0)


def test_a_policy_of_the_brand_comes_before_those_for_every_brand(brand):
    fjord = make_brand("fjord", market="SE")
    policy(approvals=2)
    policy(brand="nova", approvals=0)
    assert [rules.resolve(REASON, brand_id=one, fresh=True).needed for one in (brand.pk, fjord.pk, None)] == [0, 2, 2]


def test_amounts_begin_above_and_a_missing_currency_is_covered_from_zero():
    nova = open_casino()
    for amount, needed in (("2000", 0), ("2000.01", 1), ("0.01", 0)):
        assert rules.resolve(limits.ACT, brand_id=nova.pk, amount=Decimal(amount), currency="EUR").needed == needed
    assert rules.resolve(limits.ACT, brand_id=nova.pk, amount=Decimal("0.01"), currency="CAD").needed == 1
    assert limits.four_eyes(brand_id=nova.pk, currency="EUR") == Decimal(2000)
    assert limits.four_eyes(brand_id=nova.pk, currency="CAD") == 0


def test_of_several_policies_the_one_that_asks_for_most_speaks(brand):
    policy(approvals=1, position=1, roles=["owner"])
    policy(approvals=3, position=9, roles=["compliance", "owner"])
    assert rules.resolve(REASON, fresh=True).needed == 3
    first, second = policy(kind="scope.pack", position=2, roles=["owner"]), policy(kind="scope.pack", position=1, roles=["compliance"])
    assert (rules.resolve("scope.pack", fresh=True).policy_id, first != second) == (int(second), True)


@pytest.mark.parametrize(
    ("at", "night"),
    [
        # Malta in winter is an hour ahead of UTC, in summer two.
        (datetime(2026, 1, 15, 20, 59, tzinfo=UTC), False), (datetime(2026, 1, 15, 21, 0, tzinfo=UTC), True), (datetime(2026, 1, 16, 4, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 16, 5, 0, tzinfo=UTC), False), (datetime(2026, 7, 15, 19, 59, tzinfo=UTC), False), (datetime(2026, 7, 15, 20, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 16, 3, 59, tzinfo=UTC), True), (datetime(2026, 7, 16, 4, 0, tzinfo=UTC), False),
        # The night in which the clock is put forward, 29 March at 1:00 UTC, and the one in which it is put back, 25 October at 1:00 UTC.
        (datetime(2026, 3, 29, 3, 59, tzinfo=UTC), True), (datetime(2026, 3, 29, 4, 0, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 4, 59, tzinfo=UTC), True), (datetime(2026, 10, 25, 5, 0, tzinfo=UTC), False),
    ],
)  # fmt: skip
def test_substitutes_act_at_night_on_the_policys_own_clock(brand, ines, at, night):
    policy(roles=["owner"], substitutes=["compliance"], night_from="22:00", night_until="06:00", timezone="Europe/Malta")
    rule, oren, dana = rules.resolve(REASON, fresh=True), make_person("compliance"), make_person("owner")
    assert (rule.allows(oren, now=at), rule.allows(dana, now=at), rule.substitute(dana, now=at)) == (night, True, False)
    change = proposed(ines, now=at)
    if night:
        assert decisions.approve(change_id=change.pk, version=change.version, key="a", by=oren, now=at).state == "active"
        assert change.approvals.get().substitute is True
    else:
        with pytest.raises(NotAllowed):
            decisions.approve(change_id=change.pk, version=change.version, key="a", by=oren, now=at)


def test_hours_that_do_not_pass_midnight(brand):
    key = policy(roles=["owner"], substitutes=["compliance"], night_from="01:00", night_until="05:00", timezone="UTC")
    rule = rules.of_policy(Policy.objects.get(pk=key))
    assert [rule.night(datetime(2026, 1, 1, hour, tzinfo=UTC)) for hour in (0, 1, 4, 5, 23)] == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"substitutes": ["owner"]}, "from when until when"), ({"night_from": "22:00", "night_until": "06:00"}, "who stands in"),
        ({"amounts": {"EUR": "5"}}, "have no amount"), ({"approvals": 6}, "Approvals"), ({"roles": ["support"]}, "Support cannot decide about it"),
        ({"kind": "payments.withdrawal", "roles": ["kyc"]}, "KYC cannot decide about it"),
        ({"kind": "payments.withdrawal", "approvals": 2}, "at most 1"), ({"kind": "payments.withdrawal", "amounts": {"XXX": "5"}}, "XXX is not set up"),
        ({"substitutes": ["owner"], "night_from": "06:00", "night_until": "06:00"}, "no time at all"), ({"brand": "nowhere"}, "Brand"),
    ],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused(brand, wrong, words):
    with pytest.raises(Invalid, match=words):
        policy(**wrong)
    assert Policy.objects.count() == 0


def test_policies_change_by_approval_like_everything_else(dana, oren):
    draft = drafts.draft(kind=POLICY, values=values(approvals=2, roles=["owner", "compliance"]), by=dana, key="k", now=NOW)
    sent = drafts.submit(change_id=draft.pk, version=1, reason="Stricter", by=dana, now=NOW)
    assert (sent.state, sent.needed) == ("review", 1)
    with pytest.raises(NotAllowed):
        decisions.approve(change_id=sent.pk, version=sent.version, key="a", by=dana, now=NOW)
    done = decisions.approve(change_id=sent.pk, version=sent.version, key="a", by=oren, now=NOW)
    assert (done.state, Policy.objects.get(pk=done.subject).approvals) == ("active", 2)
    assert rules.resolve(REASON, fresh=True).needed == 2
    # Ending it needs the same care: policies are ruled by the policy about policies, not by themselves.
    ended = drafts.draft(kind=POLICY, subject=done.subject, values=values(approvals=2, roles=["owner", "compliance"], active=False), by=dana, key="e", now=NOW)
    sent = drafts.submit(change_id=ended.pk, version=1, reason="Back", by=dana, now=NOW)
    decisions.approve(change_id=sent.pk, version=sent.version, key="a", by=oren, now=NOW)
    assert (Policy.objects.get(pk=done.subject).version, rules.resolve(REASON, fresh=True).needed) == (2, 1)


def test_a_stricter_policy_counts_for_what_waits_and_a_laxer_one_does_not(ines, dana, oren):
    from backoffice.approvals.services.applying import enact

    key = policy(approvals=1, roles=["owner", "compliance"])
    first = proposed(ines, key="k1")
    enact(kind=POLICY, subject=key, values=values(approvals=2, roles=["owner", "compliance"]), reason="Stricter", now=NOW)
    assert decisions.approve(change_id=first.pk, version=first.version, key="a", by=dana, now=NOW).state == "review"
    assert decisions.approve(change_id=first.pk, version=first.version, key="a", by=oren, now=NOW).state == "active"
    second = proposed(ines, key="k2", label="Second")
    enact(kind=POLICY, subject=key, values=values(approvals=0), reason="Laxer", now=NOW)
    assert second.needed == 2
    assert decisions.approve(change_id=second.pk, version=second.version, key="a", by=dana, now=NOW).state == "review"


def test_what_is_remembered_is_forgotten_after_two_seconds(brand, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(remembered.time, "monotonic", lambda: clock[0])
    rules.forget()
    assert rules.resolve(REASON).needed == 1
    Policy.objects.all()
    policy(approvals=3)
    rules._everything._kept = (1000.0, [])  # as another process remembers it
    assert rules.resolve(REASON).needed == 1
    clock[0] += 2.1
    assert rules.resolve(REASON).needed == 3


# Withdrawals ask the same policies


def test_the_second_approval_is_for_the_roles_that_the_policy_names():
    from datetime import timedelta

    from payments.services import withdrawals

    nova = open_casino()
    limits.set_four_eyes(
        brand_id=nova.pk,
        amounts={"EUR": Decimal(1000)},
        roles=["head-of-payments"],
        substitutes=["payments-l1"],
        night=("22:00", "06:00", "Europe/Malta"),
        now=NOW,
    )
    ana, emil, lars = (make_person(role, brands=[nova]) for role in ("payments-l1", "payments-l1", "payments-l2"))
    given = {"reason_code": "CHECKS_OK", "note": ""}
    small = new_withdrawal(nova, "1000.00", now=NOW)
    assert withdrawals.approve_withdrawal(withdrawal_id=small.pk, version=1, key="k", by=ana, now=NOW, **given).state == "approved"
    large = new_withdrawal(nova, "1000.01", now=NOW)
    first = withdrawals.approve_withdrawal(withdrawal_id=large.pk, version=1, key="k1", by=ana, now=NOW, **given)
    assert (first.state, first.needs_second) == ("awaiting_second", True)
    for person in (lars, emil):  # L2 holds the permission, but the policy names others; a substitute not by day
        with pytest.raises(NotAllowed):
            withdrawals.approve_withdrawal(withdrawal_id=large.pk, version=2, key="k2", by=person, now=NOW, **given)
    night = NOW + timedelta(hours=9)
    done = withdrawals.approve_withdrawal(withdrawal_id=large.pk, version=2, key="k3", by=emil, now=night, **given)
    assert (done.state, done.first_by_id, done.decided_by_id) == ("approved", ana.pk, emil.pk)


def test_a_policy_of_no_approvals_lets_one_person_pay():
    from backoffice.approvals.services.applying import enact
    from payments.services import withdrawals

    nova = open_casino()
    own = Policy.objects.get(kind=limits.ACT, brand=nova)
    enact(kind=POLICY, subject=str(own.pk), values=values(kind=limits.ACT, brand="nova", approvals=0), reason="Test", now=NOW)
    ana = make_person("payments-l1", brands=[nova])
    large = new_withdrawal(nova, "90000.00", now=NOW)
    done = withdrawals.approve_withdrawal(withdrawal_id=large.pk, version=1, key="k", by=ana, reason_code="CHECKS_OK", note="", now=NOW)
    assert (done.state, limits.four_eyes(brand_id=nova.pk, currency="EUR", fresh=True)) == ("approved", rules.NEVER)
