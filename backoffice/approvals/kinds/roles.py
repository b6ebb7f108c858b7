"""Roles: what each may do. A shipped role follows the catalogue until a change says otherwise; the owner always holds everything."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Role, Staff
from backoffice.access.permissions import catalogue
from backoffice.access.roles import OWNER
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor

CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")
LINE = re.compile(r"([a-z_]+\.[a-z0-9_]+)\s+([A-Za-z0-9]{3,10})\s+([0-9]+(?:\.[0-9]+)?)")


def _permissions() -> list[tuple[str, str]]:
    return [(one.name, f"{one.group}: {one.label}") for one in catalogue]


class LimitsField(forms.CharField):
    """Largest amounts, one a line: `payments.decide EUR 2000.00`. Its value is {"payments.decide": {"EUR": "2000.00"}}."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "mono"})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name} {code} {amount}" for name, limits in value.items() for code, amount in limits.items())

    def clean(self, value: Any) -> Any:
        found: dict[str, dict[str, str]] = {}
        for line in filter(None, (one.strip() for one in super().clean(value).splitlines())):
            match = LINE.fullmatch(line)
            if match is None or match[1] not in catalogue:
                raise ValidationError(_("%(line)s is not a permission, a currency and an amount, such as payments.decide EUR 2000.00") % {"line": line})
            found.setdefault(match[1], {})[match[2].upper()] = format(Decimal(match[3]), "f")
        return found


class RoleForm(ChangeForm):
    code = forms.CharField(
        label=gettext_lazy("Short name"), max_length=40, validators=[RegexValidator(CODE, gettext_lazy("Small letters, digits and -, such as night-shift."))]
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    purpose = forms.CharField(label=gettext_lazy("What it is for"), max_length=200, required=False)
    follows = forms.BooleanField(
        label=gettext_lazy("Follows the shipped defaults, new permissions included"), required=False,
        help_text=gettext_lazy("Only for shipped roles. Then the list below does not count."),
    )  # fmt: skip
    permissions = forms.MultipleChoiceField(label=gettext_lazy("May"), choices=_permissions, required=False, widget=forms.CheckboxSelectMultiple)
    limits = LimitsField(
        label=gettext_lazy("Up to these amounts"), required=False,
        help_text=gettext_lazy("One a line: permission, currency, amount. A permission without a line has no limit."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        role = Role.objects.filter(code=self.subject).first() if self.subject else None
        code = cleaned.get("code")
        if role is not None and code and code != role.code:
            self.add_error("code", _("The short name stays: policies and the record use it."))
        if role is None and code and Role.objects.filter(code=code).exists():
            self.add_error("code", _("There is such a role already."))
        if cleaned.get("follows"):
            if role is None or not role.shipped:
                self.add_error("follows", _("Only a shipped role has shipped defaults."))
            else:
                cleaned["permissions"] = sorted(catalogue.shipped(role.code))
        cleaned["permissions"] = sorted(cleaned.get("permissions") or [])
        if role is not None and role.code == OWNER and not cleaned.get("follows"):
            self.add_error("follows", _("The owner holds every permission, so that the house cannot lock itself out."))
        if loose := set(cleaned.get("limits") or {}) - set(cleaned["permissions"]):
            self.add_error("limits", _("%(names)s is limited but not given.") % {"names": ", ".join(sorted(loose))})
        return cleaned


def current(subject: str) -> Values | None:
    role = Role.objects.filter(code=subject).first()
    if role is None:
        return None
    return {
        "code": role.code, "name": role.name, "purpose": role.purpose, "follows": not role.adjusted, "permissions": sorted(role.held), "limits": role.limits,
    }  # fmt: skip


def subjects() -> list[Subject]:
    found = []
    for role in Role.objects.order_by("name"):
        follows = _("as shipped") if not role.adjusted else _("its own list")
        found.append(Subject(role.code, role.label, _("%(n)s permissions, %(how)s · %(purpose)s") % {"n": len(role.held), "how": follows, "purpose": role.aim}))
    return found


def title(_subject: str, values: Values) -> str:
    return str(values["name"])


def diff(old: Values | None, new: Values) -> list[Difference]:
    """Each permission that is given or taken on a line of its own: what an auditor looks for."""
    before = old or {}
    found = []
    for name, label in (("code", _("Short name")), ("name", _("Name")), ("purpose", _("What it is for"))):
        if before.get(name, "") != new[name]:
            found.append(Difference(label, before.get(name, ""), new[name]))
    if before.get("follows") != new["follows"] and (old is not None or new["follows"]):
        yes, no = _("the shipped defaults"), _("its own list")
        found.append(Difference(_("Follows"), {True: yes, False: no}[before["follows"]] if old else "", yes if new["follows"] else no))
    held, becomes = set(before.get("permissions", [])), set(new["permissions"])
    for one in catalogue:
        if one.name in held ^ becomes:
            had = one.name in held
            found.append(Difference(f"{one.group}: {one.label}", _("May") if had else "", "" if had else _("May")))
    was, limits = before.get("limits", {}), new["limits"]
    for name in sorted({*was, *limits}):
        if was.get(name) != limits.get(name):
            label = str(catalogue.get(name).label) if name in catalogue else name
            found.append(Difference(_("%(what)s, up to") % {"what": label}, _amounts(was.get(name)), _amounts(limits.get(name))))
    return found


def _amounts(limits: dict[str, str] | None) -> str:
    return ", ".join(f"{amount} {code}" for code, amount in (limits or {}).items())


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    people = list(Staff.objects.filter(roles__code=subject, is_active=True).order_by("name").values_list("name", flat=True)) if subject else []
    names = ", ".join(people[:8]) + (" …" if len(people) > 8 else "")
    found = [_("%(n)s people hold it: %(names)s") % {"n": len(people), "names": names} if people else _("Nobody holds it yet.")]
    if people:
        found.append(_("It counts from their next click on."))
    return found


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    role = Role.objects.filter(code=subject).first() if subject else None
    if role is None:
        if Role.objects.filter(code=values["code"]).exists():
            raise Refused(_("There is such a role already."))
        role = Role(code=values["code"])
    role.name, role.purpose, role.limits, role.adjusted = values["name"], values["purpose"], values["limits"], not values["follows"]
    # A role that follows the catalogue keeps no list of its own, so that a new permission reaches it.
    role.permissions = [] if values["follows"] else values["permissions"]
    role.save()
    return role.code


KIND = Kind(
    "access.role", gettext_lazy("Roles"), "access.roles", gettext_lazy("Role"), RoleForm, subjects, current, apply, title,
    models=("access.Role",), sees="access.view_people", impact=impact, diff=diff, least=1, wide=True, icon="key",
    about=gettext_lazy("What each role may do, and up to which amount."),
)  # fmt: skip
