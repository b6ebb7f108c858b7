"""Message templates by approval: from a draft to the words that players read, with what is undeclared refused on the way."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import Invalid, SamePerson, decisions, drafts
from players.messages import occasions
from players.messages.composing import LANGUAGES, templates
from players.messages.kinds import TEMPLATES, TemplateForm, current, preview
from players.models import MessageTemplate
from tests.casino import open_casino
from tests.people import make_person, signed_in

KIND = "players.message_template"


@pytest.fixture
def desk(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    people = {role: make_person(role, brands=[brand]) for role in ("crm", "compliance", "support")}
    return SimpleNamespace(brand=brand, **people)


def blank() -> dict[str, str]:
    return {f"{part}_{code}": "" for code in LANGUAGES for part in ("subject", "body")}


def new(**fields: Any) -> dict[str, Any]:
    return {
        "code": "bank_holiday", "label": "Bank holiday", "purpose": "service", "fields": {"day": "1 May"}, "active": True, **blank(),
        "subject_en": "Banks are closed on $day", "body_en": "Hello $first_name, on $day banks are closed. $brand", **fields,
    }  # fmt: skip


def proposed(by: Any, subject: str, values: dict[str, Any]) -> ChangeRequest:
    draft = drafts.draft(kind=KIND, subject=subject, values=values, by=by, key=f"{subject}-{len(values)}", now=timezone.now())
    return drafts.submit(change_id=draft.pk, version=1, reason="Clearer", by=by, now=timezone.now())


def test_a_template_goes_from_draft_over_review_and_approval_into_force(desk: SimpleNamespace) -> None:
    change = proposed(desk.crm, "", new())
    assert change.state == "review"
    assert not MessageTemplate.objects.filter(pk="bank_holiday").exists()
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=desk.compliance, reason="", now=timezone.now())
    made = MessageTemplate.objects.get(pk="bank_holiday")
    assert (made.by_house, made.fields, made.purpose) == (False, {"day": "1 May"}, "service")
    assert made.texts == {"en": {"subject": "Banks are closed on $day", "body": "Hello $first_name, on $day banks are closed. $brand"}}
    assert current("bank_holiday") == new()


def test_nobody_approves_their_own_words(desk: SimpleNamespace) -> None:
    change = proposed(desk.compliance, "", new())
    with pytest.raises(SamePerson):
        decisions.approve(change_id=change.pk, version=change.version, key="a", by=desk.compliance, reason="", now=timezone.now())
    assert not MessageTemplate.objects.filter(pk="bank_holiday").exists()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"body_en": "Hello $name"}, "$name is not declared. Declared are $day, $first_name, $brand."),
        ({"subject_en": "For $dayly use"}, "$dayly is not declared"),
        ({"body_en": "It costs 5 $"}, "A $ begins a name"),
        ({"subject_sv": "Hej"}, "A language has both"),
        ({"subject_sv": "Hej", "body_sv": "$tag"}, "$tag is not declared"),
        ({"body_en": ""}, "required"),
        ({"fields": {}}, "$day is not declared"),
        ({"code": "Bank"}, "Small letters"),
        ({"code": "support_answer"}, "There is such a code already."),
    ],
)
def test_words_that_would_reach_nobody_in_order_are_refused(desk: SimpleNamespace, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        drafts.draft(kind=KIND, subject="", values=new(**fields), by=desk.crm, key="k", now=timezone.now())
    assert any(problem in one for one in refused.value.problems), refused.value.problems
    assert not ChangeRequest.objects.filter(kind=KIND).exists()


@pytest.mark.parametrize("typed", ["no sample", "Day = 1", "day = ", "first_name = Maja", "day = 1\nday = 2"])
def test_what_staff_fill_in_is_named_once_with_a_sample(db: None, typed: str) -> None:
    form = TemplateForm({**new(), "fields": typed, "active": "on"})
    assert not form.is_valid()
    assert "fields" in form.errors


def test_a_dollar_sign_itself_is_written_twice(desk: SimpleNamespace) -> None:
    change = proposed(desk.crm, "", new(body_en="$$5 on $day"))
    assert [one.text for one in preview(change.payload)] == ["$5 on 1 May"]


def test_the_review_shows_each_language_with_sample_values(desk: SimpleNamespace) -> None:
    values = new(subject_sv="Bankerna är stängda $day", body_sv="Hej $first_name")
    draft = drafts.draft(kind=KIND, subject="", values=values, by=desk.crm, key="k", now=timezone.now())
    page = signed_in(desk.crm).get(reverse("approvals:review", args=[draft.pk])).text
    assert "Banks are closed on 1 May" in page
    assert "Hello Maja, on 1 May banks are closed. Nova" in page
    assert "Bankerna är stängda 1 May" in page
    assert "Players who read German, Finnish, French, Spanish get it in English." in page
    history = signed_in(desk.crm).get(reverse("approvals:history", args=[KIND, "withdrawal_rejected"])).text
    assert "Ditt uttag godkändes inte" in history
    assert "The name on your payment method differs." in history


def test_what_the_house_writes_keeps_its_placeholders_and_cannot_end(desk: SimpleNamespace) -> None:
    values = current("withdrawal_rejected")
    assert values is not None
    assert not {"purpose", "fields", "active"} & values.keys()
    with pytest.raises(Invalid, match="payment is not declared"):
        drafts.draft(kind=KIND, subject="withdrawal_rejected", values={**values, "body_en": "$payment"}, by=desk.crm, key="k", now=timezone.now())
    change = proposed(desk.crm, "withdrawal_rejected", {**values, "body_en": "Sorry: $reason"})
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=desk.compliance, reason="", now=timezone.now())
    kept = MessageTemplate.objects.get(pk="withdrawal_rejected")
    assert (kept.by_house, kept.active, kept.texts["en"]["body"]) == (True, True, "Sorry: $reason")
    assert kept.texts["sv"]["subject"] == "Ditt uttag godkändes inte"


def test_every_occasion_of_the_house_has_its_template_and_its_words_are_declared(db: None) -> None:
    shipped = templates()
    assert occasions.known() == sorted(code for code, one in shipped.items() if one.by_house)
    for code in shipped:
        values = current(code)
        assert values is not None
        assert TEMPLATES.form.of(values, subject=code).problems() == [], code


@pytest.mark.parametrize(("role", "status"), [("crm", 200), ("compliance", 200), ("support", 403)])
def test_only_who_may_propose_opens_the_form(desk: SimpleNamespace, role: str, status: int) -> None:
    assert signed_in(getattr(desk, role)).get(reverse("approvals:propose", args=[KIND, "support_answer"])).status_code == status
