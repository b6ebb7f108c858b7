"""What a segment asks changes by approval: the form that builds it, its words, and what a change would do."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor
from backoffice.runtime.remembered import Remembered
from backoffice.scope.models import Brand
from backoffice.ui import numbers
from players.models import Segment
from players.segments import facts, matching, runs

SUBJECT = "players.segment"
CODE = RegexValidator(r"\A[a-z][a-z0-9-]{2,39}\Z", gettext_lazy("Small letters, digits and -, such as quiet-big-players."))
in_use = Remembered(lambda: list(Segment.objects.filter(active=True).select_related("brand").order_by("name", "brand__name")), seconds=10)
_OWN = ("code", "name", "about", "brand", "every_hours", "active")


class SegmentForm(ChangeForm):
    code = forms.CharField(label=gettext_lazy("Code"), max_length=40, validators=[CODE], help_text=gettext_lazy("It stays as it is; machines know it."))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    about = forms.CharField(label=gettext_lazy("What it is for"), max_length=200, required=False)
    brand = forms.ModelChoiceField(Brand.objects.all(), label=gettext_lazy("Brand"), empty_label=None)
    every_hours = forms.TypedChoiceField(
        label=gettext_lazy("Computed anew"), coerce=int,
        choices=[(1, gettext_lazy("Every hour")), (6, gettext_lazy("Every six hours")), (24, gettext_lazy("Every day"))],
    )  # fmt: skip
    active = forms.BooleanField(label=gettext_lazy("In use"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._groups: list[tuple[Any, list[str]]] = [("", list(_OWN))]
        for fact in facts.every():
            made = fact.fields()
            for name, field in made.items():
                self.fields[name] = field
            self._groups.append((fact.label, list(made)))

    def groups(self) -> list[tuple[Any, list[Any]]]:
        return [(legend, [self[name] for name in names]) for legend, names in self._groups]

    def clean_code(self) -> str:
        return self.kept_code(Segment)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        conditions = matching.asked(self.values())
        for fact in facts.every():
            for problem in fact.wrong(conditions):
                self.add_error(None, problem)
        if not conditions:
            self.add_error(None, _("Ask for at least one thing: every player would be in it."))
        return cleaned


def subjects() -> list[Subject]:
    return [
        Subject(one.code, one.name, one.brand.name, brand_id=one.brand_id, ended=not one.active)
        for one in Segment.objects.select_related("brand").order_by("-active", "name")
    ]  # fmt: skip


def current(subject: str) -> Values | None:
    """As the form gives it: what was not asked for is there, empty."""
    segment = Segment.objects.filter(pk=subject).first()
    if segment is None:
        return None
    own: Values = {"code": segment.code, "name": segment.name, "about": segment.about, "brand": segment.brand_id, "every_hours": segment.every_hours}
    blank = {name: _empty(field) for fact in facts.every() for name, field in fact.fields().items()}
    return {**own, "active": segment.active, **blank, **{name: value for name, value in segment.conditions.items() if name in blank}}


def _empty(field: forms.Field) -> Any:
    return [] if isinstance(field, forms.MultipleChoiceField | facts.CodesField) else ""


def title(_subject: str, values: Values) -> str:
    return str(values["name"])


def brand(values: Values) -> int | None:
    return int(values["brand"])


def diff(old: Values | None, new: Values) -> list[Difference]:
    """What is asked is one line, in words; the rest field by field."""
    form = SegmentForm()
    found = []
    for name in _OWN:
        before, after = (old or {}).get(name), new.get(name)
        if before != after:
            field = form.fields[name]
            found.append(Difference(str(field.label), _word(name, before) if old else "", _word(name, after)))
    was, will = (matching.words(matching.asked(values)) if values else [] for values in (old, new))
    if was != will:
        found.append(Difference(_("Conditions"), "; ".join(was), "; ".join(will)))
    return found


def _word(name: str, value: Any) -> str:
    if name == "brand":
        return str(Brand.objects.filter(pk=value).first() or "")
    if name == "active":
        return _("Yes") if value else _("No")
    choices = dict(SegmentForm.base_fields["every_hours"].choices) if name == "every_hours" else {}  # type: ignore[attr-defined]
    return str(choices.get(value, value or ""))


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    """How many players it would have, with some of them by number."""
    if not values["active"]:
        return [_("It is computed no more, and exports and machines no longer find it.")]
    found = matching.preview(matching.asked(values), Brand.objects.get(pk=values["brand"]), now=now)
    size = numbers.whole(found.size)
    if found.exact:
        said = [ngettext("%(size)s player matches now.", "%(size)s players match now.", found.size) % {"size": size}]
    else:
        said = [
            _("About %(size)s of %(total)s players match now: estimated from %(sample)s of them.")
            % {"size": size, "total": numbers.whole(found.total), "sample": numbers.whole(found.looked_at)}
        ]
    segment = Segment.objects.filter(pk=subject).first() if subject else None
    run = runs.last_whole(segment) if segment else None
    if run is not None:
        said.append(_("It has %(size)s now.") % {"size": numbers.whole(run.size)})
    if found.examples:
        said.append(_("For example players %(ids)s.") % {"ids": ", ".join(f"#{one}" for one in found.examples)})
    return [*said, *found.notes]


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    if not subject and Segment.objects.filter(pk=values["code"]).exists():
        raise Refused(_("There is such a code already."))
    known = Segment.objects.filter(pk=subject).first() if subject else None
    if known is not None and known.brand_id != values["brand"]:
        raise Refused(_("A segment stays with its brand. Add another one."))
    Segment(
        code=values["code"], name=values["name"], about=values["about"], brand_id=values["brand"], every_hours=values["every_hours"],
        active=values["active"], conditions=matching.asked(values),
    ).save(force_insert=not subject, force_update=bool(subject))  # fmt: skip
    transaction.on_commit(in_use.forget)
    return str(values["code"])


SEGMENT = Kind(
    SUBJECT, gettext_lazy("Segments"), "players.segments", gettext_lazy("Segment"), SegmentForm, subjects, current, apply, title,
    models=("players.Segment",), impact=impact, brand=brand, diff=diff, icon="pie", default=0, wide=True, sees="players.view",
    about=gettext_lazy("Which players meet some conditions: for exports, campaigns and rules."),
)  # fmt: skip
