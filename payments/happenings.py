"""How facts about payments read on the live page."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Event
from backoffice.work.happening import Kind, register


def _withdrawal(fact: Event) -> str:
    return reverse("payments:withdrawal", args=[fact.subject_id]) if fact.subject_type == "payments.withdrawal" and fact.subject_id else ""


def plug_in() -> None:
    register(
        Kind("deposits", _("Deposits"), {"deposit.initiated": _("Deposit begun"), "deposit.credited": _("Deposit credited")}, "payments.view", tone="success"),
        Kind(
            "withdrawals", _("Withdrawals"),
            {
                "withdrawal.requested": _("Withdrawal requested"), "withdrawal.approved": _("Withdrawal approved"),
                "withdrawal.rejected": _("Withdrawal rejected"), "withdrawal.settled": _("Withdrawal settled"),
            },
            "payments.view", _withdrawal,
        ),
        Kind(
            "failures", _("Failures"),
            {
                "deposit.failed": _("Deposit failed"), "deposit.expired": _("Deposit expired"), "deposit.charged_back": _("Deposit charged back"),
                "withdrawal.failed": _("Payout failed"), "withdrawal.unknown": _("Payout without an answer"), "withdrawal.returned": _("Payout returned"),
            },
            "payments.view", _withdrawal, "critical", lambda after: str(after.get("why", "")),
        ),
    )  # fmt: skip
