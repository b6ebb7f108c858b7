"""Everything that one decision page shows, each part read once."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.audit.models import Event
from backoffice.runtime.remembered import Remembered
from backoffice.ui import times, words
from payments import checks, limits
from payments.models import ReasonCode, Withdrawal
from payments.queues import SUBJECT
from payments.selectors import trail
from payments.selectors.trail import Posting, postings_where
from players import along
from wallet.kinds import Reference


@dataclass(frozen=True)
class Flow:
    """Credited deposits and paid withdrawals over one instrument, units of the withdrawal's currency."""

    label: str
    paid_in: Decimal
    paid_out: Decimal

    @property
    def net(self) -> Decimal:
        return self.paid_in - self.paid_out


def get(staff: Any, withdrawal_id: int) -> Withdrawal:
    """Raises Withdrawal.DoesNotExist also when it belongs to a brand that this person does not reach."""
    joined = ("player", "player__jurisdiction", "instrument", "brand", "first_by", "decided_by", "hold")
    rows = Withdrawal.objects.visible_to(staff).select_related(*joined)
    found: Withdrawal = along.read(rows, now=timezone.now(), owner="player_id").get(pk=withdrawal_id)
    along.hand_on(found, found.player)
    return found


def flows(case: checks.Case) -> list[Flow]:
    """Money in and out by instrument, from what the checks have read already."""
    labels = {key: row.label for key, row in case.deposits.items()} | {key: row.label for key, row in case.paid_back.items() if row.paid}
    found = [
        Flow(label, case.deposits[key].total if key in case.deposits else Decimal(0), case.paid_back[key].paid if key in case.paid_back else Decimal(0))
        for key, label in labels.items()
    ]
    return sorted(found, key=lambda flow: -flow.paid_in)


def history(staff: Any, withdrawal: Withdrawal, *, limit: int = 40) -> list[Event]:
    """Facts about this withdrawal, newest first, as far as this person may see them."""
    return trail.history(staff, [(SUBJECT, withdrawal.pk)], limit=limit)


def postings(withdrawal: Withdrawal) -> list[Posting]:
    """The ledger's postings about this withdrawal, oldest first, with their entries. Two queries."""
    return postings_where(Q(reference_type=Reference.WITHDRAWAL, reference_id=withdrawal.pk) | Q(key=f"{withdrawal.hold.key}:held"))


def _read_reasons() -> dict[str, list[ReasonCode]]:
    found: dict[str, list[ReasonCode]] = {}
    for reason in ReasonCode.objects.filter(active=True):
        found.setdefault(reason.outcome, []).append(reason)
    return found


# Active reason codes by outcome, to choose from; the service asks the table itself.
reasons = Remembered(_read_reasons, seconds=30)


def outcomes(withdrawal: Withdrawal, staff: Any) -> list[tuple[str, str]]:
    """What this person may decide about it now: (outcome, words)."""
    found: list[tuple[str, str]] = []
    if withdrawal.state in {"requested", "held"} and staff.may("payments.decide"):
        found = [("approved", _("Approve")), ("rejected", _("Reject")), ("held", _("Hold until"))]
        if withdrawal.state == "held":
            found.append(("returned", _("Take up again")))
    elif withdrawal.state == "awaiting_second" and withdrawal.first_by_id != staff.pk and limits.rule_of(withdrawal).allows(staff, now=timezone.now()):
        found = [("approved", _("Confirm")), ("rejected", _("Reject")), ("returned", _("Return to queue"))]
    return found


def limit_of(withdrawal: Withdrawal) -> Decimal:
    return limits.four_eyes(brand_id=withdrawal.brand_id, currency=withdrawal.currency)


def steps(withdrawal: Withdrawal, facts: list[Event], *, limit: Decimal) -> list[dict[str, Any]]:
    """The stepper: what has happened, where it stands, what is to come."""
    when = {fact.type.rpartition(".")[2]: fact.happened_at for fact in reversed(facts)}
    state = withdrawal.state
    done: list[dict[str, Any]] = [{"label": _("Requested"), "state": "done", "at": withdrawal.requested_at}]
    above = withdrawal.amount > limit
    if state in {"requested", "held"}:
        done.append(
            {
                "label": _("Held") if state == "held" else _("In review"),
                "state": "current",
                "note": _("due %(when)s") % {"when": times.write(withdrawal.due_at)},
            }
        )
        if above:
            done.append({"label": _("Second approval"), "state": "todo", "note": _("above the limit")})
    elif state == "awaiting_second":
        done.append({"label": _("Approved once"), "state": "done", "at": withdrawal.first_at})
        done.append({"label": _("Second approval"), "state": "current", "note": _("somebody else confirms")})
    elif state in {"rejected", "cancelled"}:
        done.append({"label": words.of(state), "state": "failed", "at": withdrawal.decided_at})
        return done
    else:
        if withdrawal.needs_second:
            done.append({"label": _("Approved once"), "state": "done", "at": withdrawal.first_at})
        done.append({"label": _("Approved"), "state": "done" if state != "approved" else "current", "at": withdrawal.decided_at})
    after = {"sent": "current", "unknown": "current", "failed": "failed", "settled": "done", "returned": "done"}
    label = {"unknown": _("Outcome unknown"), "failed": _("Failed")}.get(state, _("Sent"))
    done.append(
        {
            "label": label,
            "state": after.get(state, "todo"),
            "at": withdrawal.sent_at if state in after else None,
            "note": "" if state in after else withdrawal.provider.capitalize(),
        }
    )
    if state == "returned":
        done.append({"label": _("Returned"), "state": "failed", "at": when.get("returned")})
    else:
        done.append({"label": _("Settled"), "state": "done" if state == "settled" else "todo", "at": withdrawal.settled_at})
    return done
