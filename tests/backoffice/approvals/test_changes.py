"""A change from draft to its end: each move on both sides, and nothing half-way."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from backoffice.approvals.models import Approval, ChangeRequest, Version
from backoffice.approvals.registry import Refused, registry
from backoffice.approvals.services import Drifted, Invalid, NotAllowed, ReasonRequired, SamePerson, StaleChange, decisions, drafts
from backoffice.approvals.services.applying import enact
from backoffice.audit.models import Event
from payments.models import ReasonCode
from tests.backoffice.approvals.conftest import NAME, NOW, REASON, VALUES, policy, proposed

pytestmark = pytest.mark.django_db
OLD = "Name does not match"


def facts(change: ChangeRequest) -> list[str]:
    return list(Event.objects.filter(subject_type="approvals.change", subject_id=change.pk).order_by("id").values_list("type", flat=True))


def label() -> str:
    return ReasonCode.objects.get(pk=NAME).label


def everything(change: ChangeRequest) -> dict[str, Any]:
    return {
        "row": ChangeRequest.objects.values().get(pk=change.pk), "facts": facts(change), "said": list(Approval.objects.values()),
        "label": label(), "versions": Version.objects.count(),
    }  # fmt: skip


def test_a_change_is_drafted_submitted_approved_and_in_force(ines, dana):
    change = proposed(ines)
    assert (change.state, change.needed, change.base["label"], label()) == ("review", 1, OLD, OLD)
    assert change.expires_at == NOW + timedelta(days=14)

    done = decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, reason="Fine", now=NOW + timedelta(hours=1))

    assert (done.state, label()) == ("active", "Name differs")
    assert facts(change) == ["change.drafted", "change.submitted", "change.approved", "change.applied"]
    applied = Event.objects.get(subject_id=change.pk, type="change.applied", subject_type="approvals.change")
    assert (applied.authorised_by_id, applied.reason) == (dana.pk, "Clearer words")
    assert json.loads(applied.after)["values"] == VALUES
    versions = [(one.number, one.values["label"], one.effective_from, one.effective_until) for one in Version.objects.order_by("number")]
    at = NOW + timedelta(hours=1)
    assert versions == [(1, OLD, None, at), (2, "Name differs", at, None)]


def test_a_draft_is_its_writers_and_changes_until_it_is_submitted(ines, dana):
    draft = drafts.draft(kind=REASON, subject=NAME, values=VALUES, by=ines, key="k", now=NOW)
    assert drafts.draft(kind=REASON, subject=NAME, values={**VALUES, "label": "Other"}, by=ines, key="k", now=NOW).pk == draft.pk
    edited = drafts.edit_draft(change_id=draft.pk, version=1, values={**VALUES, "label": "Better"}, by=ines, now=NOW)
    assert (edited.version, edited.payload["label"]) == (2, "Better")
    with pytest.raises(StaleChange):
        drafts.edit_draft(change_id=draft.pk, version=1, values=VALUES, by=ines, now=NOW)
    with pytest.raises(NotAllowed):
        drafts.edit_draft(change_id=draft.pk, version=2, values=VALUES, by=dana, now=NOW)
    with pytest.raises(NotAllowed):
        drafts.submit(change_id=draft.pk, version=2, reason="x", by=dana, now=NOW)
    assert facts(draft) == ["change.drafted", "change.edited"]
    assert list(ChangeRequest.objects.visible_to(dana)) == []


def test_who_may_not_propose_leaves_nothing_behind(sofia):
    with pytest.raises(NotAllowed):
        drafts.draft(kind=REASON, subject=NAME, values=VALUES, by=sofia, key="k", now=NOW)
    assert (ChangeRequest.objects.count(), label()) == (0, OLD)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"label": ""}, "What staff read"), ({"player_text": ""}, "The player is told why"), ({"outcome": "held"}, "stays as it is"),
        ({"code": "OTHER_CODE"}, "A code stays"), ({"position": -1}, "Place in the list"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_in_the_forms_words(ines, wrong, words):
    with pytest.raises(Invalid, match=words):
        drafts.draft(kind=REASON, subject=NAME, values={**VALUES, **wrong}, by=ines, key="k", now=NOW)
    assert ChangeRequest.objects.count() == 0


def test_a_change_of_nothing_and_one_without_a_reason_are_not_submitted(ines):
    same = drafts.draft(kind=REASON, subject=NAME, values=registry.kind(REASON).current(NAME), by=ines, key="same", now=NOW)
    with pytest.raises(Invalid, match="Nothing would change"):
        drafts.submit(change_id=same.pk, version=1, reason="x", by=ines, now=NOW)
    draft = drafts.draft(kind=REASON, subject=NAME, values=VALUES, by=ines, key="k", now=NOW)
    with pytest.raises(ReasonRequired):
        drafts.submit(change_id=draft.pk, version=1, reason="  ", by=ines, now=NOW)
    with pytest.raises(Invalid, match="expire"):
        drafts.submit(change_id=draft.pk, version=1, reason="x", by=ines, now=NOW, expires_at=NOW)
    with pytest.raises(Invalid, match="a year ahead"):
        drafts.submit(change_id=draft.pk, version=1, reason="x", by=ines, now=NOW, effective_at=NOW + timedelta(days=400))
    assert facts(draft) == ["change.drafted"]


def test_the_requester_never_approves(dana):
    change = proposed(dana)
    before = everything(change)
    with pytest.raises(SamePerson):
        decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    with pytest.raises(SamePerson):
        decisions.reject(change_id=change.pk, version=change.version, key="a", by=dana, reason="x", now=NOW)
    assert everything(change) == before


def test_people_whom_the_policy_does_not_name_cannot_decide(ines, oren, sofia):
    policy(roles=["compliance"])
    change = proposed(ines)
    head = make_other("head-of-payments")
    before = everything(change)
    for person in (sofia, head):
        with pytest.raises(NotAllowed):
            decisions.approve(change_id=change.pk, version=change.version, key="a", by=person, now=NOW)
    assert everything(change) == before
    assert decisions.approve(change_id=change.pk, version=change.version, key="a", by=oren, now=NOW).state == "active"


def make_other(role):
    from tests.people import make_person

    return make_person(role)


def test_two_approvals_are_two_people(ines, dana, oren):
    policy(approvals=2, roles=["owner", "compliance"])
    change = proposed(ines)
    first = decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    assert (first.state, label()) == ("review", OLD)
    with pytest.raises(SamePerson):
        decisions.approve(change_id=change.pk, version=change.version, key="b", by=dana, now=NOW)
    done = decisions.approve(change_id=change.pk, version=change.version, key="a", by=oren, now=NOW)
    assert (done.state, label()) == ("active", "Name differs")


def test_the_same_request_again_gets_the_same_answer(ines, dana):
    change = proposed(ines)
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    before = everything(change)
    again = decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    assert again.state == "active"
    assert everything(change) == before


def test_rejecting_needs_a_reason_and_ends_it(ines, dana, oren):
    change = proposed(ines)
    with pytest.raises(ReasonRequired):
        decisions.reject(change_id=change.pk, version=change.version, key="r", by=dana, reason=" ", now=NOW)
    done = decisions.reject(change_id=change.pk, version=change.version, key="r", by=dana, reason="Not clear", now=NOW)
    assert (done.state, done.outcome, label()) == ("rejected", "Not clear", OLD)
    with pytest.raises(StaleChange):
        decisions.approve(change_id=change.pk, version=done.version, key="a", by=make_other("owner"), now=NOW)
    assert Version.objects.count() == 0


def test_a_withdrawn_change_is_decided_by_nobody(ines, dana):
    change = proposed(ines)
    with pytest.raises(NotAllowed):
        drafts.withdraw(change_id=change.pk, version=change.version, by=dana, now=NOW)
    with pytest.raises(StaleChange):
        drafts.withdraw(change_id=change.pk, version=1, by=ines, now=NOW)
    assert drafts.withdraw(change_id=change.pk, version=change.version, by=ines, now=NOW).state == "withdrawn"
    assert drafts.withdraw(change_id=change.pk, version=change.version, by=ines, now=NOW).state == "withdrawn"
    with pytest.raises(StaleChange):
        decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    assert label() == OLD


def test_a_dated_change_waits_for_its_day(ines, dana):
    day = NOW + timedelta(days=3)
    change = proposed(ines, effective_at=day)
    assert decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW).state == "scheduled"
    assert decisions.apply_due(now=day - timedelta(seconds=1)) == 0
    assert label() == OLD

    assert decisions.apply_due(now=day) == 1
    assert decisions.apply_due(now=day) == 0
    assert (ChangeRequest.objects.get(pk=change.pk).state, label()) == ("active", "Name differs")
    assert Version.objects.get(effective_until=None).effective_from == day
    assert facts(change) == ["change.drafted", "change.submitted", "change.approved", "change.scheduled", "change.applied"]


def test_a_scheduled_change_can_be_withdrawn_and_then_never_comes(ines, dana):
    change = proposed(ines, effective_at=NOW + timedelta(days=3))
    done = decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    drafts.withdraw(change_id=change.pk, version=done.version, by=ines, now=NOW)
    assert decisions.apply_due(now=NOW + timedelta(days=4)) == 0
    assert label() == OLD


def test_a_day_that_passed_before_the_approval_counts_from_the_approval(ines, dana):
    change = proposed(ines, effective_at=NOW + timedelta(hours=1))
    later = NOW + timedelta(days=2)
    assert decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=later).state == "active"
    assert Version.objects.get(effective_until=None).effective_from == later


def test_what_nobody_decides_about_expires(ines, dana):
    change = proposed(ines)
    last = NOW + timedelta(days=14)
    assert decisions.apply_due(now=last - timedelta(seconds=1)) == 0
    assert decisions.apply_due(now=last) == 1
    assert ChangeRequest.objects.get(pk=change.pk).state == "expired"
    second = proposed(ines, key="k2")
    late = decisions.approve(change_id=second.pk, version=second.version, key="a", by=dana, now=last)
    assert (late.state, label(), Approval.objects.count()) == ("expired", OLD, 0)


def test_what_was_changed_meanwhile_makes_a_change_stale_and_is_never_overwritten(ines, dana):
    first, second = proposed(ines, key="k1"), proposed(ines, key="k2", label="Third way")
    decisions.approve(change_id=first.pk, version=first.version, key="a", by=dana, now=NOW)
    done = decisions.approve(change_id=second.pk, version=second.version, key="a", by=dana, now=NOW)
    assert (done.state, label()) == ("stale", "Name differs")
    assert "changed by somebody else" in done.outcome
    assert Version.objects.count() == 2


def test_a_draft_against_old_values_is_looked_at_again(ines, dana):
    draft = drafts.draft(kind=REASON, subject=NAME, values={**VALUES, "label": "Mine"}, by=ines, key="d", now=NOW)
    first = proposed(ines, key="k1")
    decisions.approve(change_id=first.pk, version=first.version, key="a", by=dana, now=NOW)
    with pytest.raises(Drifted):
        drafts.submit(change_id=draft.pk, version=1, reason="x", by=ines, now=NOW)
    edited = drafts.edit_draft(change_id=draft.pk, version=1, values={**VALUES, "label": "Mine"}, by=ines, now=NOW)
    assert edited.base["label"] == "Name differs"
    assert drafts.submit(change_id=draft.pk, version=2, reason="x", by=ines, now=NOW).state == "review"


def test_a_change_that_its_kind_refuses_fails_whole(ines, dana):
    """Two new codes of one name: the second finds the first there."""
    new = {**VALUES, "code": "SANCTIONS", "label": "Sanctions"}
    first, second = proposed(ines, subject="", key="k1", **new), proposed(ines, subject="", key="k2", **new)
    assert decisions.approve(change_id=first.pk, version=first.version, key="a", by=dana, now=NOW).subject == "SANCTIONS"
    done = decisions.approve(change_id=second.pk, version=second.version, key="a", by=dana, now=NOW)
    assert (done.state, done.subject) == ("failed", "")
    assert "There is such a code already" in done.outcome
    assert Version.objects.filter(subject="SANCTIONS").count() == 1


def test_a_fault_while_applying_leaves_nothing_half_done(ines, dana, monkeypatch):
    change = proposed(ines, effective_at=NOW + timedelta(days=1))
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    before = everything(change)
    kind = registry.kind(REASON)

    def writes_and_dies(subject, values, *, by, now):
        kind.apply(subject, values, by=by, now=now)
        raise RuntimeError("power cut")

    import dataclasses

    registry.register(dataclasses.replace(kind, apply=writes_and_dies))
    try:
        assert decisions.apply_due(now=NOW + timedelta(days=2)) == 0
        assert everything(change) == before
    finally:
        registry.register(kind)
    assert decisions.apply_due(now=NOW + timedelta(days=2)) == 1
    assert label() == "Name differs"


def test_nobody_else_is_needed_where_the_policy_says_so(ines):
    policy(approvals=0)
    change = proposed(ines)
    assert (change.state, label()) == ("active", "Name differs")
    later = proposed(ines, key="k2", label="Third", effective_at=NOW + timedelta(days=1))
    assert later.state == "scheduled"
    assert facts(change) == ["change.drafted", "change.submitted", "change.applied"]


def test_an_old_version_comes_back_as_a_new_change(ines, dana):
    change = proposed(ines)
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    back = drafts.restore(kind=REASON, subject=NAME, number=1, by=ines, key="r", now=NOW)
    assert (back.state, back.restored_from, back.payload["label"], back.base["label"]) == ("draft", 1, OLD, "Name differs")
    sent = drafts.submit(change_id=back.pk, version=1, reason="It was better", by=ines, now=NOW)
    decisions.approve(change_id=sent.pk, version=sent.version, key="a", by=dana, now=NOW)
    assert label() == OLD
    assert [one.values["label"] for one in Version.objects.order_by("number")] == [OLD, "Name differs", OLD]
    assert ChangeRequest.objects.get(pk=change.pk).state == "ended"


def test_the_house_changes_things_on_the_record_and_the_same_again_changes_nothing(brand):
    made = enact(kind=REASON, subject=NAME, values=VALUES, reason="Set-up", now=NOW)
    assert made is not None
    assert (made.state, made.requested_by, label(), facts(made)) == ("active", None, "Name differs", ["change.enacted"])
    assert enact(kind=REASON, subject=NAME, values=VALUES, reason="Set-up", now=NOW) is None
    assert ChangeRequest.objects.count() == 1
    with pytest.raises(Invalid):
        enact(kind=REASON, subject=NAME, values={**VALUES, "label": ""}, reason="x", now=NOW)


def refused(sql: str, *values: Any) -> str:
    """The name of the rule that the database refused it by."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return caught.value.__cause__.diag.constraint_name


SAY = "INSERT INTO approvals_approval (change_id, staff_id, verdict, reason, at, key, substitute) VALUES (%s, %s, 'approved', '', now(), 'sql', false)"


def test_the_database_itself_refuses_the_same_person_twice(ines, dana, oren):
    policy(approvals=2, roles=["owner", "compliance"])
    change = proposed(ines)
    assert refused(SAY, change.pk, ines.pk) == "approvals_approval_two_people"
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    assert refused(SAY, change.pk, dana.pk) == "approvals_approval_once"
    assert refused("UPDATE approvals_changerequest SET requested_by_id = %s WHERE id = %s", oren.pk, change.pk) == "approvals_change_origin_kept"
    approved = refused("UPDATE approvals_changerequest SET state = 'active', applied_at = now() WHERE id = %s", change.pk)
    assert approved == "approvals_change_approved_first"
    assert refused("UPDATE approvals_changerequest SET needed = 1 WHERE id = %s", change.pk) == "approvals_change_submitted_is_kept"
    assert refused("UPDATE approvals_changerequest SET payload = '{}' WHERE id = %s", change.pk) == "approvals_change_submitted_is_kept"
    draft = drafts.draft(kind=REASON, subject=NAME, values=VALUES, by=ines, key="d", now=NOW)
    assert refused(SAY, draft.pk, dana.pk) == "approvals_approval_in_review"


def test_a_draft_is_discarded_by_its_writer(ines, dana):
    draft = drafts.draft(kind=REASON, subject=NAME, values=VALUES, by=ines, key="k", now=NOW)
    with pytest.raises(NotAllowed):
        drafts.withdraw(change_id=draft.pk, version=1, by=dana, now=NOW)
    assert drafts.withdraw(change_id=draft.pk, version=1, by=ines, now=NOW).state == "withdrawn"
    assert facts(draft) == ["change.drafted", "change.withdrawn"]


def test_on_its_day_a_change_that_was_overtaken_is_stale_and_one_that_is_refused_fails(ines, dana):
    day = NOW + timedelta(days=1)
    dated = proposed(ines, key="k1", label="On its day", effective_at=day)
    new = {**VALUES, "code": "SANCTIONS", "label": "Sanctions"}
    twice = [proposed(ines, subject="", key=key, effective_at=day, **new) for key in ("k2", "k3")]
    for change in (dated, *twice):
        assert decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW).state == "scheduled"
    now_ = proposed(ines, key="k4")
    decisions.approve(change_id=now_.pk, version=now_.version, key="a", by=dana, now=NOW)

    decisions.apply_due(now=day)

    assert [ChangeRequest.objects.get(pk=one.pk).state for one in (dated, *twice)] == ["stale", "active", "failed"]
    assert label() == "Name differs"


def test_what_was_said_and_what_was_in_force_is_never_rewritten(ines, dana):
    change = proposed(ines)
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    for sql in (
        "UPDATE approvals_approval SET verdict = 'rejected'", "DELETE FROM approvals_approval", "DELETE FROM approvals_changerequest",
        "UPDATE approvals_version SET values = '{}'", "DELETE FROM approvals_version", "UPDATE approvals_version SET effective_until = NULL",
        "UPDATE approvals_changerequest SET state = 'review', applied_at = NULL",
    ):  # fmt: skip
        with (
            pytest.raises(Exception, match="permission denied|stays as it ended|only ends, once|rewritten"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_refusals_are_of_the_engine(ines):
    assert issubclass(SamePerson, NotAllowed)
    assert not issubclass(Refused, NotAllowed)
