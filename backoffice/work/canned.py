"""Canned notes: words that staff choose instead of typing them. What there is changes by approval, like reason codes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor
from backoffice.runtime.remembered import Remembered
from backoffice.work import queues
from backoffice.work.models import CannedNote

CODE = RegexValidator(r"\A[a-z][a-z0-9-]{2,39}\Z", gettext_lazy("Small letters, digits and -, such as called-player."))
offered = Remembered(lambda: list(CannedNote.objects.filter(active=True)), seconds=30)


def of(subject_type: str) -> list[CannedNote]:
    """Those that a queue offers, in their order."""
    return [one for one in offered() if one.subject_type in {"", subject_type}]


def chosen(posted: Mapping[str, Any], subject_type: str) -> list[CannedNote]:
    """Those that a sent form may have chosen from; none, and no query, when it chose none."""
    return of(subject_type) if posted.get("canned") else []


class CannedNoteForm(ChangeForm):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40, validators=[CODE],
        help_text=gettext_lazy("It stays as it is."),
    )  # fmt: skip
    subject_type = forms.ChoiceField(label=gettext_lazy("Offered in"), required=False)
    label = forms.CharField(label=gettext_lazy("What staff choose"), max_length=80)
    text = forms.CharField(
        label=gettext_lazy("What stands in the note"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("For colleagues; never shown to the player. Whoever chooses it can still change the words."),
    )  # fmt: skip
    position = forms.IntegerField(label=gettext_lazy("Place in the list"), min_value=0, max_value=999, initial=0)
    active = forms.BooleanField(label=gettext_lazy("May be chosen"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject_type"].choices = [("", _("Every queue")), *((one.subject, one.title) for one in queues.every() if one.work)]  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        return self.kept_code(CannedNote)


def _where(subject_type: str) -> str:
    return next((str(one.title) for one in queues.every() if one.subject == subject_type), subject_type or _("Every queue"))


def subjects() -> list[Subject]:
    return [Subject(one.code, one.label, _where(one.subject_type), ended=not one.active) for one in CannedNote.objects.order_by("-active", "position", "label")]


def current(subject: str) -> Values | None:
    return CannedNote.objects.filter(pk=subject).values("code", "subject_type", "label", "text", "position", "active").first()  # type: ignore[return-value]


def title(_subject: str, values: Values) -> str:
    return str(values["label"])


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    if not values["active"]:
        return [_("Nobody can choose it any more. Notes that were written with it stay.")]
    return [_("Staff find it, at the latest half a minute later, in: %(where)s.") % {"where": _where(values["subject_type"])}]


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    if not subject and CannedNote.objects.filter(pk=values["code"]).exists():
        raise Refused(_("There is such a code already."))
    CannedNote(**values).save(force_insert=not subject, force_update=bool(subject))
    transaction.on_commit(offered.forget)
    return str(values["code"])


CANNED = Kind(
    "work.canned_note", gettext_lazy("Canned notes"), "work.configure", gettext_lazy("Canned note"), CannedNoteForm, subjects, current, apply, title,
    models=("work.CannedNote",), impact=impact, icon="mail", about=gettext_lazy("Words that staff put into a note with one choice, by queue."),
)  # fmt: skip
