"""Rules as something that changes by approval: the form, the diff, and what a rule would have said."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Role, Staff
from backoffice.alerts import evaluating, measures, previewing
from backoffice.alerts.lifecycles import RULE
from backoffice.alerts.models import Alert, Rule, Standing
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor
from backoffice.integrations.models import Endpoint
from backoffice.runtime import timeouts
from backoffice.scope.models import Brand
from backoffice.ui import times

CONDITIONS = [
    ("above", gettext_lazy("It is above the line")), ("below", gettext_lazy("It is below the line")),
    ("rise", gettext_lazy("It is more % above the same hour of past weeks")), ("fall", gettext_lazy("It is more % below the same hour of past weeks")),
]  # fmt: skip
PER = [
    ("together", gettext_lazy("All together")), ("brand", gettext_lazy("Each brand")), ("provider", gettext_lazy("Each provider")),
    ("both", gettext_lazy("Each provider of each brand")),
]  # fmt: skip
SEVERITIES = [("info", gettext_lazy("Information")), ("warning", gettext_lazy("Warning")), ("critical", gettext_lazy("Critical"))]
NEEDS = {"together": (), "brand": ("brand",), "provider": ("provider",), "both": ("brand", "provider")}


def _measures() -> list[tuple[str, str]]:
    return [(one.code, f"{one.label} ({unit})" if (unit := str(measures.UNITS[one.unit])) else str(one.label)) for one in measures.every()]


def _brands() -> list[tuple[str, str]]:
    return [("", _("Every brand")), *Brand.objects.values_list("code", "name")]


def _providers() -> list[tuple[str, str]]:
    return [("", _("Every provider")), *((code, code) for code in sorted({code for one in measures.every() for code in one.providers()}))]


def _owners() -> list[tuple[str, str]]:
    return [("", _("Choose")), *_people()]


def _people() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Staff.objects.filter(is_active=True).order_by("name").values_list("pk", "name")]


def _roles() -> list[tuple[str, str]]:
    return [(role.code, role.label) for role in Role.objects.all()]


def _endpoints() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Endpoint.objects.filter(active=True).order_by("name").values_list("pk", "name")]


def _ticks(label: Any, choices: Any, **more: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple, **more)


class RuleForm(ChangeForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("What people read first when it fires."))
    measure = forms.ChoiceField(label=gettext_lazy("Watch"), choices=_measures)
    brand = forms.ChoiceField(label=gettext_lazy("Brand"), choices=_brands, required=False)
    provider = forms.ChoiceField(label=gettext_lazy("Provider"), choices=_providers, required=False)
    per = forms.ChoiceField(label=gettext_lazy("Judge"), choices=PER, initial="together")
    minutes = forms.IntegerField(
        label=gettext_lazy("Over the last minutes"), min_value=5, max_value=1440, initial=15, help_text=gettext_lazy("5 to 1440 (24 h).")
    )
    condition = forms.ChoiceField(label=gettext_lazy("Fires when"), choices=CONDITIONS)
    threshold = forms.DecimalField(
        label=gettext_lazy("The line"), min_value=0, max_value=10**9, max_digits=12, decimal_places=2,
        help_text=gettext_lazy("In the unit of what is watched; for a change, in percent."),
    )  # fmt: skip
    weeks = forms.IntegerField(
        label=gettext_lazy("Past weeks to compare with"), min_value=1, max_value=12, initial=4, help_text=gettext_lazy("For a change only.")
    )
    least = forms.IntegerField(
        label=gettext_lazy("At least so many"), min_value=0, max_value=1_000_000, initial=10,
        help_text=gettext_lazy("With fewer counted things it says nothing: 1 of 1 failing is no alert."),
    )  # fmt: skip
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=SEVERITIES, initial="warning")
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), choices=_owners, help_text=gettext_lazy("Is always told."))
    people = _ticks(gettext_lazy("Tell these people too"), _people)
    roles = _ticks(
        gettext_lazy("Tell who holds these roles"), _roles, help_text=gettext_lazy("Who may not see what is counted, or not the brand, is not told.")
    )
    mail = forms.BooleanField(label=gettext_lazy("By e-mail too"), required=False)
    endpoints = _ticks(gettext_lazy("Tell these webhooks"), _endpoints)
    repeat_minutes = forms.IntegerField(
        label=gettext_lazy("Say it again after minutes"), min_value=0, max_value=10_080, initial=30,
        help_text=gettext_lazy("While it fires and nobody looks after it. 0 says it once."),
    )  # fmt: skip
    active = forms.BooleanField(label=gettext_lazy("In force"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        code = cleaned.get("measure")
        if code is None:
            return cleaned
        measure = measures.get(code)
        if cleaned.get("provider") and measures.PROVIDER not in measure.dimensions:
            self.add_error("provider", _("%(what)s is not counted by provider.") % {"what": measure.label})
        if cleaned.get("brand") and measures.BRAND not in measure.dimensions:
            self.add_error("brand", _("%(what)s is not counted by brand.") % {"what": measure.label})
        if set(NEEDS.get(cleaned.get("per", ""), ())) - set(measure.dimensions):
            self.add_error("per", _("%(what)s cannot be told apart like that.") % {"what": measure.label})
        line, condition = cleaned.get("threshold"), cleaned.get("condition")
        if line is not None and condition in {"above", "below"} and measure.unit == measures.SHARE and line > 100:  # noqa: PLR2004
            self.add_error("threshold", _("A share is at most 100 %."))
        if line is not None and condition == "fall" and line > 100:  # noqa: PLR2004
            self.add_error("threshold", _("It cannot fall by more than 100 %."))
        if line == 0 and condition in {"below", "fall"}:
            self.add_error("threshold", _("Nothing is below zero."))
        return cleaned


def values_of(rule: Rule) -> Values:
    return {
        "name": rule.name, "measure": rule.measure, "brand": rule.brand.code if rule.brand else "", "provider": rule.provider, "per": rule.per,
        "minutes": rule.minutes, "condition": rule.condition, "threshold": format(rule.threshold, "f"), "weeks": rule.weeks, "least": rule.least,
        "severity": rule.severity, "owner": str(rule.owner_id), "people": [str(one) for one in rule.people], "roles": rule.roles, "mail": rule.mail,
        "endpoints": [str(one) for one in rule.endpoints], "repeat_minutes": rule.repeat_minutes, "active": rule.active,
    }  # fmt: skip


def _unsaved(values: Values) -> Rule:
    numbers = {name: [int(one) for one in values[name]] for name in ("people", "endpoints")}
    plain = {
        name: values[name]
        for name in ("name", "measure", "provider", "per", "minutes", "condition", "weeks", "least", "severity", "roles", "mail", "repeat_minutes", "active")
    }
    return Rule(**plain, **numbers, brand_id=brand(values), threshold=Decimal(values["threshold"]), owner_id=int(values["owner"]))


def current(subject: str) -> Values | None:
    rule = Rule.objects.select_related("brand").filter(pk=subject).first() if subject.isdigit() else None
    return values_of(rule) if rule else None


def subjects() -> list[Subject]:
    found = Rule.objects.select_related("brand")
    return [Subject(str(rule.pk), rule.name, summary(rule), rule.brand_id, not rule.active) for rule in found]


def summary(rule: Rule) -> str:
    """The rule in one line."""
    try:
        measure = rule.counted
    except measures.UnknownMeasure:
        return rule.measure
    word = {
        "above": _("above %(line)s"), "below": _("below %(line)s"), "rise": _("%(percent)s %% above past weeks"), "fall": _("%(percent)s %% below past weeks"),
    }[rule.condition]  # fmt: skip
    said = word % {"line": measure.write(rule.threshold), "percent": f"{rule.threshold.normalize():f}"}
    where = ", ".join(part for part in (rule.provider, rule.brand.name if rule.brand else "") if part)
    over = _("over %(span)s") % {"span": times.span(timedelta(minutes=rule.minutes))}
    return f"{measure.label} {said}, {over}" + (f" · {where}" if where else "")


def impact(_subject: str, values: Values, now: datetime) -> list[str]:
    """How often it would have fired, whether that can be known, and who would be told."""
    from backoffice.alerts import telling

    rule = _unsaved(values)
    if not rule.active:
        return [_("It is off from then on; what it has open ends.")]
    watch = evaluating.watch_of(rule)
    try:
        seen = previewing.preview(watch, now=now)
    except DatabaseError:
        timeouts.mend()
        found = [_("The last 7 days could not be counted in time. A shorter window is quicker.")]
    else:
        found = [_fired(seen)]
        if seen.unknown:
            found.append(_("Not enough history to compare with in %(n)s of %(all)s looks: it says nothing then.") % {"n": seen.unknown, "all": seen.looks})
        if seen.fired > 20:  # noqa: PLR2004
            found.append(_("Careful: people stop reading alerts that come so often."))
    names = sorted(one.name for one in telling.recipients(rule, rule.brand_id))
    found.append(_("Told: %(names)s") % {"names": ", ".join(names) or _("nobody who may see it")})
    return found


def _fired(seen: previewing.Preview) -> str:
    if not seen.fired or seen.latest is None:
        return _("Would not have fired in the last 7 days (looked at every %(step)s).") % {"step": times.span(seen.step)}
    words = _("Would have fired %(n)s times in the last 7 days, last on %(latest)s (looked at every %(step)s).")
    if seen.fired == 1:
        words = _("Would have fired once in the last 7 days, on %(latest)s (looked at every %(step)s).")
    return words % {"n": seen.fired, "latest": times.write(timezone.localtime(seen.latest)), "step": times.span(seen.step)}


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    rule = _unsaved(values)
    if subject:
        Standing.objects.select_for_update(of=("self",)).get(pk=int(subject))  # an evaluation under way sees the old rule or the new one
        rule.pk = int(subject)
    try:
        rule.validate_constraints()
    except ValidationError as wrong:
        raise Refused("; ".join(wrong.messages)) from wrong
    rule.save(force_update=bool(subject), force_insert=not subject)
    Standing.objects.update_or_create(rule=rule, defaults={"next_attempt_at": now if rule.active else None, "failures": 0, "error": ""})
    if not rule.active:
        for alert in Alert.objects.select_for_update(of=("self",)).filter(rule=rule).exclude(state="resolved"):
            evaluating.resolve(rule, alert, now=now, why="The rule was switched off.")
    return str(rule.pk)


def brand(values: Values) -> int | None:
    return Brand.objects.filter(code=values["brand"]).values_list("pk", flat=True).first() if values["brand"] else None


def title(_subject: str, values: Values) -> str:
    return str(values["name"])


KIND = Kind(
    RULE, gettext_lazy("Alert rules"), "alerts.configure", gettext_lazy("Alert rule"), RuleForm, subjects, current, apply, title,
    models=("alerts.Rule",), impact=impact, brand=brand, sees="alerts.view", default=0, icon="flag",
    about=gettext_lazy("When something that is counted goes wrong, who is told, and how."),
)  # fmt: skip
