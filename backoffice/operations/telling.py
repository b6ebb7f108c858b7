"""People hear of a probe's change once, by the bell; of a failure also by e-mail, unless they chose otherwise."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.bell import kinds
from backoffice.bell.services import notify
from backoffice.operations import writing
from backoffice.operations.models import Change
from backoffice.operations.permissions import TOLD
from backoffice.runtime.probes import FAILING, OK, UNKNOWN, WARNING, Probe


def register() -> None:
    kinds.register(
        kinds.Kind(f"operations.{FAILING}", _("A part of the installation fails"), _("%(probe)s fails: %(value)s"), "fail", "critical", mail=True),
        kinds.Kind(f"operations.{WARNING}", _("A part of the installation is near its limit"), _("%(probe)s: %(value)s"), "warn", "attention"),
        kinds.Kind(f"operations.{UNKNOWN}", _("A part of the installation cannot be looked at"), _("%(probe)s is not known: %(value)s"), "unknown", "neutral"),
        kinds.Kind(f"operations.{OK}", _("A part of the installation is well again"), _("%(probe)s is well again: %(value)s"), "check", "success"),
    )


def tell(probe: Probe, change: Change) -> int:
    """In the change's own transaction; its id is the key, so that nobody hears of it twice."""
    note = writing.note(change.note, change.params)
    said = writing.value(change.value, probe.unit) if change.value is not None else note or "\u2013"
    return notify(
        to=Staff.objects.who_may(TOLD), kind=f"operations.{change.state}", params={"probe": str(probe.label), "value": said},
        key=f"probe:{change.pk}", url=reverse("operations:probe", args=[probe.code]), now=change.at,
    )  # fmt: skip
