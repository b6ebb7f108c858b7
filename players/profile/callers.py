"""Who it is that calls: asked by policy, compared without showing, valid for some minutes, and told to fraud when it fails too often."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Kind, Subject, Values
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import record
from backoffice.scope.models import Brand
from backoffice.work import idempotency
from players import locks
from players.models import CallerCheck, CallerPolicy, Player
from players.profile import questions, telling
from players.profile.questions import Question
from players.services import PlayerRefused

VERIFY, CONFIGURE, CODE = "players.verify_callers", "players.configure", "players.caller_check"
A_DAY = timedelta(days=1)
SHIPPED: Values = {"questions": ["birth_date", "last_deposit", "phone_last4"], "needed": 2, "minutes": 15, "failures": 3}


def policy(brand_id: int) -> CallerPolicy:
    """What is asked in a brand: its policy, or what the house ships."""
    return CallerPolicy.objects.filter(pk=brand_id).first() or CallerPolicy(brand_id=brand_id, **SHIPPED)


def to_ask(player: Player) -> tuple[list[tuple[Question, str]], CallerPolicy]:
    """The questions to which something is known, each with the right answer, and the policy."""
    rule, known = policy(player.brand_id), questions.known()
    asked = [(known[code], known[code].answer(player)) for code in rule.questions if code in known]
    return [(question, right) for question, right in asked if right], rule


def verified(player_id: int, *, now: datetime) -> CallerCheck | None:
    """The check that counts now."""
    return CallerCheck.objects.filter(player_id=player_id, passed=True, valid_until__gt=now).order_by("-at").first()


def check_caller(*, player_id: int, answers: Mapping[str, str], key: str, by: Staff, now: datetime) -> CallerCheck:
    """Compare what a caller answered, by code of the question; a question that a person compares is answered "right" or "wrong".

    The same key again gives the same check. Raises NotAllowed, PlayerRefused when too little is known to ask enough (`too_little`).
    """
    if not by.may(VERIFY):
        raise NotAllowed(_("Verifying callers is not yours."))
    with idempotency.once(scope=f"players.caller:{player_id}", key=f"{by.pk}:{key}", content={"asked": sorted(answers)}, now=now) as slot:
        if not slot.replayed:
            slot.answer = _check(player_id, answers, by=by, now=now).pk
        return CallerCheck.objects.get(pk=slot.answer)


def _check(player_id: int, answers: Mapping[str, str], *, by: Staff, now: datetime) -> CallerCheck:
    player = locks.player(player_id)
    asked, rule = to_ask(player)
    if len(asked) < rule.needed:
        words = _("Too little is known to ask %(n)s questions. Verify by documents instead.")
        raise PlayerRefused(words % {"n": rule.needed}, code="too_little")
    right = sum(_right(question, answer, answers.get(question.code, "").strip()) for question, answer in asked)
    passed = right >= rule.needed
    valid_until = now + timedelta(minutes=rule.minutes) if passed else None
    made = CallerCheck.objects.create(
        brand_id=player.brand_id, player=player, staff=by, at=now, passed=passed, asked=[question.code for question, _answer in asked], right=right,
        needed=rule.needed, valid_until=valid_until,
    )  # fmt: skip
    after: dict[str, Any] = {"asked": made.asked, "right": right, "needed": rule.needed}
    if passed:
        after["valid_until"] = valid_until
    else:
        failed = CallerCheck.objects.filter(player=player, passed=False, at__gt=now - A_DAY).count()
        after["failures"] = failed
        if failed % rule.failures == 0:
            telling.callers_failed(player, times=failed, check=made.pk, now=now)
    record(
        "player.caller_verified" if passed else "player.caller_not_verified", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk,
        subject=player, after=after,
    )  # fmt: skip
    return made


def _right(question: Question, right: str, typed: str) -> bool:
    return typed == "right" if question.mask is not None else bool(typed) and question.same(typed, right)


# ---- what is asked, by approval


class CallerPolicyForm(ChangeForm):
    questions = forms.MultipleChoiceField(label=gettext_lazy("Asked"), widget=forms.CheckboxSelectMultiple)
    needed = forms.IntegerField(label=gettext_lazy("Right answers that are enough"), min_value=1, max_value=9)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes for which it counts"), min_value=1, max_value=240)
    failures = forms.IntegerField(label=gettext_lazy("Failures in a day after which fraud is told"), min_value=1, max_value=50)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["questions"].choices = [(one.code, one.label) for one in questions.known().values()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("needed", 0) > len(cleaned.get("questions") or ()):
            self.add_error("needed", _("More than are asked. Ask more, or need fewer."))
        return cleaned


def _brand(subject: str) -> Brand | None:
    return Brand.objects.filter(code=subject).first()


def _find(subject: str) -> Subject | None:
    brand = _brand(subject)
    return _subject(brand) if brand is not None else None


def _subject(brand: Brand) -> Subject:
    rule = policy(brand.pk)
    said = _("%(n)s of %(of)s right, counts %(minutes)s min") % {"n": rule.needed, "of": len(rule.questions), "minutes": rule.minutes}
    return Subject(brand.code, brand.name, said, brand.pk)


def _subjects() -> list[Subject]:
    return [_subject(brand) for brand in Brand.objects.order_by("name")]


def _current(subject: str) -> Values | None:
    brand = _brand(subject)
    if brand is None:
        return None
    rule = policy(brand.pk)
    return {"questions": list(rule.questions), "needed": rule.needed, "minutes": rule.minutes, "failures": rule.failures}


def _title(subject: str, _values: Values) -> str:
    brand = _brand(subject)
    return _("Callers of %(brand)s") % {"brand": brand.name if brand else subject}


def _apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    brand = Brand.objects.get(code=subject)
    CallerPolicy.objects.update_or_create(brand=brand, defaults=values)
    return subject


KIND = Kind(
    CODE, gettext_lazy("Verification of callers"), CONFIGURE, gettext_lazy("Verification of callers"), CallerPolicyForm, _subjects, _current, _apply, _title,
    models=("players.CallerPolicy",), creatable=False, icon="phone", find=_find,
    about=gettext_lazy("What somebody is asked who calls and says that they are a player, how many right answers are enough, and for how long."),
)  # fmt: skip
