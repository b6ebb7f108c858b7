"""What happened to a payment, in the words of its history."""

from django.utils.translation import gettext_lazy as _

from backoffice.ui import words


def register() -> None:
    words.name(
        {
            "deposit.initiated": _("Begun"),
            "deposit.authorised": _("Authorised"),
            "deposit.captured": _("Captured"),
            "deposit.captured_late": _("Captured after it had been given up"),
            "deposit.credited": _("Credited"),
            "deposit.failed": _("Declined"),
            "deposit.expired": _("Given up"),
            "deposit.unknown": _("Outcome unknown"),
            "deposit.found_at_provider": _("Found at the provider"),
            "deposit.reversed": _("Sent back"),
            "deposit.charged_back": _("Charged back"),
            "deposit.chargeback_won": _("Chargeback won"),
            "deposit.contradicted": _("Contradicted by the provider"),
            "refund.approved": _("Refund asked for"),
            "refund.sent": _("Refund sent"),
            "refund.paid": _("Refund paid"),
            "refund.failed": _("Refund failed"),
            "refund.unknown": _("Outcome of the refund unknown"),
            "refund.found_at_provider": _("Refund found at the provider"),
            "refund.unasked": _("Refunded at the provider"),
            "chargeback.inquiry": _("The bank asks"),
            "chargeback.opened": _("Chargeback"),
            "chargeback.defended": _("Chargeback defended"),
            "chargeback.accepted": _("Chargeback let go"),
            "chargeback.won": _("Chargeback won"),
            "chargeback.lost": _("Chargeback lost"),
            "paymentexception.opened": _("Exception"),
            "paymentexception.resolved": _("Exception resolved"),
            "paymentexception.obsolete": _("Exception settled by itself"),
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
