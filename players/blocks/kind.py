"""Reasons of blocks as changes by approval: staff propose, somebody else agrees where a policy says so, every version is kept."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor
from players.blocks import reasons, sources
from players.models import Block, BlockReason

CODE, CONFIGURE = "players.block_reason", "players.configure_blocks"
WRITTEN = RegexValidator(re.compile(r"\A[A-Z][A-Z0-9_]{2,39}\Z"), gettext_lazy("Capital letters, digits and _, such as NAME_MISMATCH."))


class ReasonForm(ChangeForm):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40, validators=[WRITTEN],
        help_text=gettext_lazy("Stands in the record; it stays as it is. One that ends in OTHER asks for a note."),
    )  # fmt: skip
    label = forms.CharField(label=gettext_lazy("What staff read"), max_length=80, help_text=gettext_lazy("The player never reads it."))
    position = forms.IntegerField(label=gettext_lazy("Place in the list"), min_value=0, max_value=999, initial=0)
    active = forms.BooleanField(label=gettext_lazy("May be chosen"), required=False, initial=True)

    def clean_code(self) -> Any:
        return self.kept_code(BlockReason, _("A code stays as it is: the record names it. Add another one and end this one."))


def subjects() -> list[Subject]:
    rows = BlockReason.objects.order_by("-active", "position", "code")
    return [Subject(one.code, reasons.label(one.code), one.code, ended=not one.active) for one in rows]


def current(subject: str) -> Values | None:
    return BlockReason.objects.filter(pk=subject).values("code", "label", "position", "active").first()  # type: ignore[return-value]


def title(_subject: str, values: Values) -> str:
    return f"{values['label']} ({values['code']})"


def validate(_subject: str, values: Values) -> list[str]:
    """Staff must always have a reason to choose."""
    left = values["active"] or BlockReason.objects.filter(active=True).exclude(pk=values["code"]).exists()
    return [] if left else [_("It is the last one: nobody could block anything any more.")]


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    found = []
    if subject:
        chosen = Block.objects.filter(source=sources.STAFF, reason=values["code"], set_at__gte=now - timedelta(days=30)).count()
        found.append(_("Chosen for %(n)s blocks in the last 30 days; those keep it.") % {"n": chosen})
    if not values["active"]:
        found.append(_("Nobody can choose it any more."))
    elif not subject:
        found.append(_("Staff can choose it for every brand, at the latest half a minute later."))
    return found


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    if not subject and BlockReason.objects.filter(pk=values["code"]).exists():
        raise Refused(_("There is such a code already."))
    BlockReason(**values).save(force_insert=not subject, force_update=bool(subject))
    transaction.on_commit(reasons.forget)
    return str(values["code"])


KIND = Kind(
    CODE, gettext_lazy("Reasons of blocks"), CONFIGURE, gettext_lazy("Reason of a block"), ReasonForm, subjects, current, apply, title,
    models=("players.BlockReason",), validate=validate, impact=impact, icon="ban",
    about=gettext_lazy("Why staff block a sign-in, deposits, play, bonuses, withdrawals or contact, in words for staff."),
)  # fmt: skip
