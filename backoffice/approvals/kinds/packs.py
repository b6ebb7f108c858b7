"""Jurisdiction packs: a new version of the law's numbers, compared number by number with the one before."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.approvals.services import Invalid, applying
from backoffice.audit.actors import Actor
from backoffice.scope import packs
from backoffice.scope.models import Jurisdiction, PackVersion


class PackForm(ChangeForm):
    text = forms.CharField(
        label=gettext_lazy("The pack, as TOML"), strip=False, widget=forms.Textarea(attrs={"rows": 30, "class": "mono", "spellcheck": "false"}),
        help_text=gettext_lazy("Its version is the next number; it is in force from its own effective_from on. Every number needs its citation."),
    )  # fmt: skip
    file = forms.FileField(label=gettext_lazy("Or a file"), required=False, help_text=gettext_lazy("Replaces the text above."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if upload := cleaned.pop("file", None):
            try:
                cleaned["text"] = upload.read(200_000).decode()
            except UnicodeDecodeError:
                self.add_error("file", _("That is not a text file."))
        if cleaned.get("text"):
            cleaned["text"] = cleaned["text"].replace("\r\n", "\n")  # browsers send other line ends than files hold
            try:
                pack = packs.parse(cleaned["text"])
            except packs.BadPack as bad:
                for problem in bad.problems:
                    self.add_error("text", problem)
            else:
                if self.subject and pack.jurisdiction != self.subject:
                    self.add_error("text", _("It says %(code)s, and this is the pack of %(mine)s.") % {"code": pack.jurisdiction, "mine": self.subject})
        return cleaned


def _latest(code: str) -> PackVersion | None:
    return PackVersion.objects.filter(jurisdiction__code=code).order_by("-version").first()


def current(subject: str) -> Values | None:
    row = _latest(subject)
    return {"text": row.text} if row is not None else None


def subjects() -> list[Subject]:
    found = []
    for law in Jurisdiction.objects.prefetch_related("packs", "brands").order_by("name"):
        rows = sorted(law.packs.all(), key=lambda row: row.version)
        last = _("version %(n)s, in force from %(day)s") % {"n": rows[-1].version, "day": rows[-1].effective_from} if rows else _("no pack yet")
        brands = ", ".join(brand.name for brand in law.brands.all())
        found.append(Subject(law.code, str(law), f"{last}{' · ' + brands if brands else ''}"))
    return found


def title(subject: str, values: Values) -> str:
    try:
        pack = packs.parse(values["text"])
    except packs.BadPack:
        return subject
    name = Jurisdiction.objects.filter(code=pack.jurisdiction).values_list("name", flat=True).first()
    return _("%(law)s, version %(n)s") % {"law": name or pack.jurisdiction, "n": pack.version}


def validate(subject: str, values: Values) -> list[str]:
    pack = packs.parse(values["text"])
    last = _latest(pack.jurisdiction)
    following = last.version + 1 if last else 1
    if last is not None and last.text == values["text"]:
        return []
    return [] if pack.version == following else [_("The next version of %(code)s is %(n)s.") % {"code": pack.jurisdiction, "n": following}]


def diff(old: Values | None, new: Values) -> list[Difference]:
    """Number by number, with its clause."""
    before = _parsed(old["text"]) if old else None
    after = _parsed(new["text"])
    if after is None:
        return []
    found = [
        Difference(_("Version"), str(before.version) if before else "", str(after.version)),
        Difference(_("In force from"), str(before.effective_from) if before else "", str(after.effective_from)),
    ]
    for key, (_kind, meaning) in packs.CATALOGUE.items():
        was, becomes = before.numbers.get(key) if before else None, after.numbers.get(key)
        if was is None or becomes is None or (was.value, was.citation) != (becomes.value, becomes.citation):
            found.append(Difference(str(meaning), _number(was), _number(becomes)))
    return [line for line in found if line.old != line.new]


def _parsed(text: str) -> packs.Pack | None:
    try:
        return packs.parse(text)
    except packs.BadPack:
        return None


def _number(number: packs.Number | None) -> str:
    if number is None:
        return ""
    value = {True: _("Yes"), False: _("No")}[number.value] if isinstance(number.value, bool) else str(number.value)
    return f"{value} ({number.citation})"


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    pack = packs.parse(values["text"])
    law = Jurisdiction.objects.filter(code=pack.jurisdiction).first()
    if law is None:
        return []
    brands = ", ".join(law.brands.values_list("name", flat=True))
    found = [_("%(law)s, the law of %(brands)s") % {"law": law, "brands": brands or _("no brand yet")}]
    if pack.effective_from > now.date():
        found.append(_("Nothing changes before %(day)s: until then the version before stays in force.") % {"day": pack.effective_from})
    else:
        found.append(_("Its date has come: it is in force as soon as it is approved, at the latest half a minute later."))
    found.append(_("Decisions made before keep the numbers that they were made under."))
    return found


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    try:
        row = packs.keep(values["text"], now=now)
    except packs.BadPack as bad:
        raise Refused(str(bad)) from bad
    return row.jurisdiction.code


def revive(values: Values, now_in_force: Values | None) -> Values:
    """An old version cannot come back under its number: its text becomes the next one, in force from today."""
    pack = packs.parse((now_in_force or values)["text"])
    text = re.sub(r"(?m)^version\s*=.*$", f"version = {pack.version + 1}", values["text"], count=1)
    return {"text": re.sub(r"(?m)^effective_from\s*=.*$", f"effective_from = {timezone.localdate()}", text, count=1)}


def load(text: str, now: datetime) -> PackVersion:
    """What `scope.packs.load` calls: the house loads a pack, through the engine and on the record."""
    pack = packs.parse(text)
    try:
        applying.enact(kind=KIND.code, subject=pack.jurisdiction, values={"text": text}, reason=_("Loaded by the house"), now=now)
    except Invalid as invalid:
        raise packs.BadPack(invalid.problems) from invalid
    except Refused as refused:
        raise packs.BadPack([str(refused)]) from refused
    return PackVersion.objects.get(jurisdiction__code=pack.jurisdiction, version=pack.version)


KIND = Kind(
    "scope.pack", gettext_lazy("Jurisdiction packs"), "scope.packs", gettext_lazy("Jurisdiction pack"), PackForm, subjects, current, apply, title,
    models=("scope.PackVersion",), validate=validate, impact=impact, diff=diff, revive=revive, dated=False, wide=True, icon="law",
    about=gettext_lazy("Every number that a regulator sets, with its clause: limits, deadlines, ages, retention."),
)  # fmt: skip
