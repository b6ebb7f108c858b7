"""Message templates as something that is changed by approval: the form, what it checks, and what the player would read."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Kind, Preview, Refused, Subject, Values
from backoffice.audit.actors import Actor
from players.messages import composing, occasions
from players.messages.composing import LANGUAGES, LONGEST_SUBJECT, OTHERWISE, fill
from players.models import Message, MessageTemplate
from players.models.templates import SERVICE

CODE = RegexValidator(r"\A[a-z][a-z0-9_]{2,59}\Z", gettext_lazy("Small letters, digits and _, such as withdrawal_delayed."))
LINE = re.compile(r"([a-z][a-z0-9_]{0,39})\s*[:=]\s*(\S.{0,199})")
KEPT_WITH_HOUSE = ("purpose", "fields", "active")  # what is said by the occasion and not by staff


class FieldsField(forms.CharField):
    """What staff fill in, one a line: `payment = WD-481`. Its value is {"payment": "WD-481"}."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "mono"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name} = {sample}" for name, sample in value.items()) if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for line in filter(None, (one.strip() for one in super().clean(value).splitlines())):
            match = LINE.fullmatch(line)
            if match is None:
                raise forms.ValidationError(_("%(line)s is not a name and a sample, such as payment = WD-481") % {"line": line})
            if match[1] in found or match[1] in occasions.ALWAYS:
                raise forms.ValidationError(_("%(name)s is there already") % {"name": match[1]})
            found[match[1]] = match[2]
        return found


class TemplateForm(ChangeForm):
    code = forms.CharField(label=gettext_lazy("Code"), max_length=60, validators=[CODE], help_text=gettext_lazy("It stays as it is."))
    label = forms.CharField(label=gettext_lazy("What staff read"), max_length=80)
    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"), choices=MessageTemplate.PURPOSES,
        help_text=gettext_lazy("Marketing goes only to who may get it: consent, exclusion, blocks and the law are asked when it is sent."),
    )  # fmt: skip
    fields_ = FieldsField(
        label=gettext_lazy("What staff fill in"), required=False, help_text=gettext_lazy("One a line, with a sample for the preview: payment = WD-481")
    )
    active = forms.BooleanField(label=gettext_lazy("May be sent"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fields"] = self.fields.pop("fields_")  # `fields` is what the form calls its own
        self.fields["active"] = self.fields.pop("active")
        self.by_house = _house(self.subject)
        if self.by_house:
            for name in KEPT_WITH_HOUSE:
                del self.fields[name]
        names = ", ".join(f"${name}" for name in composing.allowed(self.subject, {}))
        for code, language in LANGUAGES.items():
            needed = code == OTHERWISE
            self.fields[f"subject_{code}"] = forms.CharField(
                label=_("Subject, %(language)s") % {"language": language}, max_length=LONGEST_SUBJECT, required=needed
            )
            self.fields[f"body_{code}"] = forms.CharField(
                label=_("Text, %(language)s") % {"language": language}, max_length=4_000, required=needed, widget=forms.Textarea(attrs={"rows": 7}),
                help_text=_("May use %(names)s and what staff fill in.") % {"names": names} if needed else "",
            )  # fmt: skip

    def clean_code(self) -> str:
        return self.kept_code(MessageTemplate, _("A code stays as it is: messages that were sent name it. Add another template and end this one."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        names = composing.allowed(self.subject, cleaned.get("fields") or {})
        for code in LANGUAGES:
            parts = [f"subject_{code}", f"body_{code}"]
            if bool(cleaned.get(parts[0])) != bool(cleaned.get(parts[1])) and not any(part in self.errors for part in parts):
                self.add_error(parts[0] if cleaned.get(parts[1]) else parts[1], _("A language has both, subject and text, or neither."))
            for part in parts:
                wrong = composing.wrong(cleaned.get(part) or "", names)
                if wrong == "$":
                    self.add_error(part, _("A $ begins a name, such as $first_name. Write $$ for the sign itself."))
                elif wrong:
                    known = ", ".join(f"${name}" for name in names)
                    self.add_error(part, _("%(name)s is not declared. Declared are %(known)s.") % {"name": wrong, "known": known})
        return cleaned


def _house(code: str) -> bool:
    return code in occasions.known()


def _texts(values: Values) -> dict[str, dict[str, str]]:
    return {code: {"subject": values[f"subject_{code}"], "body": values[f"body_{code}"]} for code in LANGUAGES if values.get(f"subject_{code}")}


def subjects() -> list[Subject]:
    found = MessageTemplate.objects.order_by("-active", "label")
    return [
        Subject(
            one.code, one.label,
            f"{_('Sent by the house') if one.by_house else _('Sent by staff')} · {one.get_purpose_display()} · {', '.join(sorted(one.texts))}",
            ended=not one.active,
        ) for one in found
    ]  # fmt: skip


def current(subject: str) -> Values | None:
    one = MessageTemplate.objects.filter(pk=subject).first()
    if one is None:
        return None
    values: Values = {"code": one.code, "label": one.label}
    if not one.by_house:
        values |= {"purpose": one.purpose, "fields": one.fields, "active": one.active}
    for code in LANGUAGES:
        said = one.texts.get(code, {})
        values |= {f"subject_{code}": said.get("subject", ""), f"body_{code}": said.get("body", "")}
    return values


def title(_subject: str, values: Values) -> str:
    return str(values["label"])


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    sent = Message.objects.filter(template=subject, queued_at__gte=now - timedelta(days=30)).count() if subject else 0
    found = [_("Sent %(n)s times in the last 30 days; what was sent stays as it was.") % {"n": sent}] if subject else []
    if not values.get("active", True):
        found.append(_("Nobody can send it any more."))
    else:
        found.append(_("Players get the new words at the latest half a minute later."))
    without = [str(label) for code, label in LANGUAGES.items() if code not in _texts(values)]
    if without:
        found.append(_("Players who read %(languages)s get it in English.") % {"languages": ", ".join(without)})
    return found


def preview(values: Values) -> list[Preview]:
    """What a player would read, language by language, with sample values."""
    samples = composing.allowed(values["code"], values.get("fields") or {})
    return [Preview(str(LANGUAGES[code]), fill(said["subject"], samples), fill(said["body"], samples)) for code, said in _texts(values).items()]


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    code = str(values["code"])
    if not subject and MessageTemplate.objects.filter(pk=code).exists():
        raise Refused(_("There is such a code already."))
    MessageTemplate(
        code=code, label=values["label"], by_house=_house(code), purpose=values.get("purpose", SERVICE), fields=values.get("fields", {}),
        active=values.get("active", True), texts=_texts(values),
    ).save(force_insert=not subject, force_update=bool(subject))  # fmt: skip
    transaction.on_commit(composing.templates.forget)
    return code


TEMPLATES = Kind(
    "players.message_template", gettext_lazy("Messages to players"), "players.configure_messages", gettext_lazy("Message template"), TemplateForm, subjects,
    current, apply, title, models=("players.MessageTemplate",), impact=impact, preview=preview, icon="mail",
    about=gettext_lazy("What players are written, in each language, by the house and by staff."),
)  # fmt: skip
