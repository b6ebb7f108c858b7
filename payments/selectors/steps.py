"""The stepper of a payment: what has happened, where it stands, what is to come."""

from typing import Any

from django.utils.translation import gettext as _

from backoffice.audit.models import Event
from backoffice.ui import words
from payments.models import Deposit, Refund
from payments.selectors.trail import moments

_PATH = ("initiated", "authorised", "captured", "credited")


def of_deposit(deposit: Deposit, facts: list[Event]) -> list[dict[str, Any]]:
    when = moments([fact for fact in facts if fact.type.startswith("deposit.")])
    state = deposit.state
    ended = {"failed", "expired", "reversed", "charged_back"}
    reached = max((_PATH.index(name) for name in _PATH if name in when or name == state), default=0)
    steps: list[dict[str, Any]] = []
    for number, name in enumerate(_PATH):
        at = deposit.requested_at if name == "initiated" else deposit.credited_at if name == "credited" else when.get(name) or when.get(f"{name}_late")
        if number < reached and not at:
            continue  # its provider says nothing of it
        if number < reached or (number == reached and (name == "credited" or state in ended)):
            steps.append({"label": words.of(name), "state": "done", "at": at})
        elif number == reached and state != "unknown":
            steps.append({"label": words.of(name), "state": "current", "at": at})
        elif state not in ended:
            steps.append({"label": words.of(name), "state": "todo"})
        elif state == "reversed" and name == "credited":
            continue
    if state == "unknown":
        steps.insert(reached + 1, {"label": _("Outcome unknown"), "state": "current", "at": when.get("unknown")})
    elif state in ended:
        steps.append({"label": words.of(state), "state": "failed", "at": when.get(state), "note": deposit.failure})
    return steps


def of_refund(refund: Refund, facts: list[Event]) -> list[dict[str, Any]]:
    when, state = moments(facts), refund.state
    steps: list[dict[str, Any]] = [{"label": _("Asked for"), "state": "done", "at": refund.requested_at}]
    if state == "approved":
        steps.append({"label": words.of("approved"), "state": "current", "at": refund.requested_at})
    label = _("Outcome unknown") if state == "unknown" else words.of("sent")
    steps.append({"label": label, "state": "current" if state in {"sent", "unknown"} else "todo" if state == "approved" else "done", "at": refund.sent_at})
    if state == "failed":
        steps.append({"label": words.of("failed"), "state": "failed", "at": when.get("failed"), "note": refund.failure})
    else:
        steps.append({"label": words.of("paid"), "state": "done" if state == "paid" else "todo", "at": refund.paid_at})
    return steps
