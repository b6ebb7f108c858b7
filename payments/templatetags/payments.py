"""Words and small helpers of the payments pages."""

from typing import Any

from django import template

register = template.Library()

FACTS = {
    "withdrawal.requested": "Requested", "withdrawal.approved_first": "First approval", "withdrawal.approved": "Approved",
    "withdrawal.approval_undone": "Approval undone", "withdrawal.rejected": "Rejected", "withdrawal.held": "Held", "withdrawal.sent_back": "Returned to queue",
    "withdrawal.cancelled": "Cancelled", "withdrawal.sent": "Sent", "withdrawal.settled": "Settled", "withdrawal.returned": "Returned by the bank",
    "withdrawal.failed": "Failed", "withdrawal.unknown": "Outcome unknown", "withdrawal.back_in_queue": "Back in the queue",
    "withdrawal.found_at_provider": "Found at the provider", "withdrawal.late_news": "Late news about an earlier attempt",
}  # fmt: skip


@register.filter
def fact_words(fact_type: str) -> str:
    return FACTS.get(fact_type, fact_type.rpartition(".")[2].replace("_", " ").capitalize())


@register.filter
def reason_words(code: str, labels: Any) -> str:
    return labels.get(code, code) if hasattr(labels, "get") else code


@register.filter
def outcome_values(outcomes: list[tuple[str, str]]) -> list[str]:
    return [value for value, _label in outcomes]
