"""Approval policies are themselves changed by approval: who has to agree, from which amount, and who stands in at night."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.forms import zones
from backoffice.access.models import Role, Staff
from backoffice.access.permissions import catalogue
from backoffice.approvals import rules
from backoffice.approvals.forms import AmountsField, ChangeForm
from backoffice.approvals.models import ChangeRequest, Policy
from backoffice.approvals.registry import Kind, Refused, Subject, Values, registry
from backoffice.audit.actors import Actor
from backoffice.scope.models import Brand

MOST = 5


def _kinds() -> list[tuple[str, str]]:
    return [(one.code, str(one.label)) for one in registry]


def _brands() -> list[tuple[str, str]]:
    return [("", _("Every brand")), *Brand.objects.values_list("code", "name")]


def _roles() -> list[tuple[str, str]]:
    return [(role.code, role.label) for role in Role.objects.all()]


class PolicyForm(ChangeForm):
    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=_kinds)
    brand = forms.ChoiceField(
        label=gettext_lazy("Brand"),
        choices=_brands,
        required=False,
        help_text=gettext_lazy("A brand with a policy of its own does not look at those for every brand."),
    )
    amounts = AmountsField(
        label=gettext_lazy("Above these amounts"), required=False,
        help_text=gettext_lazy("One currency a line, such as EUR 2000.00. Where a currency is missing, any amount counts. Only where there is an amount."),
    )  # fmt: skip
    approvals = forms.IntegerField(
        label=gettext_lazy("Approvals"),
        min_value=0,
        max_value=MOST,
        help_text=gettext_lazy("Other people who have to agree. 0: in force when it is submitted."),
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Who may approve"), choices=_roles, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None: whoever may propose the same."),
    )  # fmt: skip
    substitutes = forms.MultipleChoiceField(
        label=gettext_lazy("Substitutes at night"), choices=_roles, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("They may approve too, between these hours."),
    )  # fmt: skip
    night_from = forms.TimeField(label=gettext_lazy("Night from"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    night_until = forms.TimeField(label=gettext_lazy("until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    timezone = forms.ChoiceField(label=gettext_lazy("On the clock of"), choices=zones, initial="UTC")
    position = forms.IntegerField(
        label=gettext_lazy("Order"), min_value=0, max_value=999, initial=0, help_text=gettext_lazy("Of two that ask for as many people, the lower one speaks.")
    )
    active = forms.BooleanField(label=gettext_lazy("In force"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        code = cleaned.get("kind")
        guarded = registry.guarded(code) if code is not None and code in registry else None
        if guarded is not None:
            self._fits(guarded, cleaned)
        hours = [cleaned.get("night_from"), cleaned.get("night_until")]
        if cleaned.get("substitutes") and None in hours:
            self.add_error("night_from", _("Say from when until when they stand in."))
        if not cleaned.get("substitutes") and hours != [None, None]:
            self.add_error("substitutes", _("Choose who stands in at these hours, or leave the hours empty."))
        if None not in hours and hours[0] == hours[1]:
            self.add_error("night_until", _("That is no time at all."))
        return cleaned

    def _fits(self, guarded: Any, cleaned: dict[str, Any]) -> None:
        needed, amounts = cleaned.get("approvals"), cleaned.get("amounts") or {}
        if needed is not None and needed < guarded.least:
            self.add_error("approvals", _("%(what)s: at least %(n)s other person has to agree.") % {"what": guarded.label, "n": guarded.least})
        if needed is not None and needed > guarded.most:
            self.add_error("approvals", _("%(what)s: at most %(n)s.") % {"what": guarded.label, "n": guarded.most})
        if amounts and guarded.currencies is None:
            self.add_error("amounts", _("%(what)s have no amount.") % {"what": guarded.label})
        elif amounts and guarded.currencies is not None:
            unknown = sorted(set(amounts) - set(guarded.currencies()))
            if unknown:
                self.add_error("amounts", _("%(codes)s is not set up.") % {"codes": ", ".join(unknown)})
        # Whoever has to approve must be able to open the page.
        needs = {*guarded.needs, *(("approvals.view", guarded.sees) if isinstance(guarded, Kind) else ())}
        named = {*(cleaned.get("roles") or []), *(cleaned.get("substitutes") or [])}
        blind = [role.label for role in Role.objects.filter(code__in=named) if not needs <= role.held]
        if blind:
            missing = " · ".join(sorted(str(catalogue.get(name).label) for name in needs))
            self.add_error("roles", _("%(roles)s cannot decide about it: that needs “%(what)s”.") % {"roles": ", ".join(blind), "what": missing})
        if self.subject:
            kept = Policy.objects.filter(pk=self.subject).values_list("kind", flat=True).first()
            if kept is not None and kept != guarded.code:
                self.add_error("kind", _("What a policy is about stays. Add another policy instead."))


def values_of(policy: Policy) -> Values:
    return {
        "kind": policy.kind, "brand": policy.brand.code if policy.brand else "", "amounts": policy.amounts, "approvals": policy.approvals,
        "roles": policy.roles, "substitutes": policy.substitutes, "night_from": _clock(policy.night_from), "night_until": _clock(policy.night_until),
        "timezone": policy.timezone, "position": policy.position, "active": policy.active,
    }  # fmt: skip


def _clock(at: Any) -> str:
    return f"{at:%H:%M}" if at is not None else ""


def current(subject: str) -> Values | None:
    policy = Policy.objects.select_related("brand").filter(pk=subject).first() if subject.isdigit() else None
    return values_of(policy) if policy else None


def subjects() -> list[Subject]:
    found = []
    for policy in Policy.objects.select_related("brand").order_by("-active", "kind", "brand__name", "position", "pk"):
        found.append(Subject(str(policy.pk), title("", values_of(policy)), summary(values_of(policy)), policy.brand_id, not policy.active))
    return found


def title(_subject: str, values: Values) -> str:
    label = str(registry.guarded(values["kind"]).label) if values["kind"] in registry else values["kind"]
    brand = Brand.objects.filter(code=values["brand"]).values_list("name", flat=True).first() if values["brand"] else None
    return f"{label}, {brand or _('every brand')}"


def summary(values: Values) -> str:
    """A policy in one line, as the list and the page of a change show it."""
    names = dict(_roles())
    who = ", ".join(names.get(role, role) for role in values["roles"]) or _whoever(values["kind"])
    if not values["approvals"]:
        return _("Nobody else has to agree")
    words = _("%(n)s approval by %(who)s") if values["approvals"] == 1 else _("%(n)s approvals by %(who)s")
    text = words % {"n": values["approvals"], "who": who}
    if values["amounts"]:
        text += "; " + _("above %(amounts)s") % {"amounts": ", ".join(f"{amount} {code}" for code, amount in values["amounts"].items())}
    if values["substitutes"]:
        night = {"who": ", ".join(names.get(role, role) for role in values["substitutes"]), "a": values["night_from"], "b": values["night_until"]}
        text += "; " + _("%(who)s too from %(a)s to %(b)s") % night
    return text


def _whoever(code: str) -> str:
    """Who agrees when a policy names no roles."""
    guarded = registry.guarded(code) if code in registry else None
    if guarded is None or isinstance(guarded, Kind):
        return _("whoever may propose the same")
    return _("whoever may: %(what)s") % {"what": catalogue.get(guarded.permission).label}


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    """Who could approve, whether that works, and what waits for it."""
    policy = _unsaved(values)
    rule = rules.of_policy(policy)
    people = [person for person in Staff.objects.filter(is_active=True).with_roles().order_by("name") if rule.regular(person)]
    found = []
    if not policy.active:
        found.append(_("The policy ends; the others of its kind, or the kind's default, speak from then on."))
    elif rule.needed == 0:
        found.append(_("Nobody else has to agree any more: one person changes it alone."))
    else:
        names = ", ".join(person.name for person in people[:8]) + (" …" if len(people) > 8 else "")
        found.append(_("May approve: %(names)s") % {"names": names or _("nobody")})
        if len(people) <= rule.needed:
            found.append(_("Careful: with %(n)s who may approve, their own changes wait for somebody else to hold these roles.") % {"n": len(people)})
    waiting = ChangeRequest.objects.filter(state="review", policy_id=int(subject)).count() if subject.isdigit() else 0
    if waiting:
        found.append(_("%(n)s changes wait under this policy: the stricter number and the new roles count for them.") % {"n": waiting})
    return found


def _unsaved(values: Values) -> Policy:
    from datetime import time

    brand = Brand.objects.filter(code=values["brand"]).first() if values["brand"] else None
    return Policy(
        kind=values["kind"], brand=brand, amounts=values["amounts"], approvals=values["approvals"], roles=values["roles"],
        substitutes=values["substitutes"], night_from=time.fromisoformat(values["night_from"]) if values["night_from"] else None,
        night_until=time.fromisoformat(values["night_until"]) if values["night_until"] else None, timezone=values["timezone"],
        position=values["position"], active=values["active"],
    )  # fmt: skip


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    policy = _unsaved(values)
    if subject:
        old = Policy.objects.get(pk=subject)
        policy.pk, policy.version = old.pk, old.version + 1
    try:
        policy.validate_constraints()
    except ValidationError as wrong:
        raise Refused("; ".join(wrong.messages)) from wrong
    policy.save()
    rules.forget_soon()
    return str(policy.pk)


def brand(values: Values) -> int | None:
    return Brand.objects.filter(code=values["brand"]).values_list("pk", flat=True).first() if values["brand"] else None


KIND = Kind(
    "approvals.policy", gettext_lazy("Approval policies"), "approvals.policies", gettext_lazy("Approval policy"), PolicyForm, subjects, current, apply, title,
    models=("approvals.Policy",), impact=impact, brand=brand, least=1, icon="double",
    about=gettext_lazy("Who has to agree before something takes effect, from which amount, and who stands in at night."),
)  # fmt: skip
