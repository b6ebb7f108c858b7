"""What happened to a payment, in the words of its history."""

from django.utils.translation import gettext_lazy as _

from backoffice.ui import words


def register() -> None:
    words.name(
        {
            "withdrawal.requested": _("Requested"),
            "withdrawal.approved_first": _("First approval"),
            "withdrawal.approved": _("Approved"),
            "withdrawal.approval_undone": _("Approval undone"),
            "withdrawal.rejected": _("Rejected"),
            "withdrawal.held": _("Held"),
            "withdrawal.sent_back": _("Returned to queue"),
            "withdrawal.cancelled": _("Cancelled"),
            "withdrawal.sent": _("Sent"),
            "withdrawal.settled": _("Settled"),
            "withdrawal.returned": _("Returned by the bank"),
            "withdrawal.failed": _("Failed"),
            "withdrawal.unknown": _("Outcome unknown"),
            "withdrawal.back_in_queue": _("Back in the queue"),
            "withdrawal.found_at_provider": _("Found at the provider"),
            "withdrawal.late_news": _("Late news about an earlier attempt"),
        }
    )
