"""Where a payment stands, in one sentence: what support tells a player who asks, without how it was judged."""

from datetime import datetime

from django.utils.translation import gettext as _

from backoffice.ui import times
from backoffice.work.noted import Noted
from payments.models import Deposit, ReasonCode, Withdrawal


def of_withdrawal(row: Withdrawal, *, now: datetime, noted: Noted | None = None, reason: ReasonCode | None = None) -> str:
    """`reason` is what the player was told of a rejection, if anything; who works on it comes from `noted`."""
    provider = row.provider.capitalize()
    words = {"provider": provider, "why": row.failure}
    if row.state == "requested":
        return _waiting(row, now=now, noted=noted)
    if row.state == "held":
        return _("Put on hold until %(when)s; it is decided then at the latest.") % {"when": times.write(row.held_until or row.due_at)}
    if row.state == "awaiting_second":
        return _("Approved once; a second person has to approve it.") + _late(row, now)
    if row.state == "approved":
        return _("Approved; it is sent to %(provider)s in a moment.") % words
    if row.state == "sent":
        return _("Sent to %(provider)s %(when)s; waits for its answer.") % {**words, "when": times.write(row.sent_at) if row.sent_at else ""}
    if row.state == "unknown":
        return _("Sent to %(provider)s, which has not said whether it was paid. It is asked again until it does.") % words
    if row.state == "failed":
        return _("%(provider)s could not pay it. It goes back to be decided again.") % words
    if row.state == "settled":
        return _("Paid %(when)s.") % {"when": times.write(row.settled_at)} if row.settled_at else _("Paid.")
    if row.state == "rejected":
        told = reason.player_text if reason is not None else ""
        return " ".join(filter(None, [_("Not approved; the amount went back to cash."), told]))
    if row.state == "returned":
        return _("The bank sent it back; the amount went back to cash.")
    return _("Taken back by the player; the amount went back to cash.")


def _waiting(row: Withdrawal, *, now: datetime, noted: Noted | None) -> str:
    if noted is not None and noted.claim is not None:
        who = _("%(name)s is looking at it.") % {"name": noted.claim.staff.name}
    elif noted is not None and noted.snoozed_until is not None and noted.snoozed_until > now:
        who = _("Set aside until %(when)s.") % {"when": times.write(noted.snoozed_until)}
    else:
        who = _("Nobody has taken it up yet.")
    return f"{_('Waits for a decision.')} {who}{_late(row, now)}"


def _late(row: Withdrawal, now: datetime) -> str:
    if row.due_at < now:
        return " " + _("It should have been decided %(span)s ago.") % {"span": times.span(now - row.due_at)}
    return " " + _("Promised for %(when)s.") % {"when": times.write(row.due_at)}


def of_deposit(row: Deposit, *, waits: bool = False) -> str:
    """`waits`: what came in is not what was asked for, and a person decides about it."""
    if waits and row.state == "captured":
        return _("Another amount than asked for came in; somebody decides about it.")
    words = {"provider": row.provider.capitalize(), "when": times.write(row.credited_at) if row.credited_at else ""}
    return {
        "initiated": _("Begun; the player has not finished it at %(provider)s."),
        "authorised": _("Authorised by %(provider)s; the money is not here yet."),
        "captured": _("Captured; it is credited in a moment."),
        "credited": _("Credited %(when)s."),
        "charged_back": _("Charged back by the player’s bank."),
        "reversed": _("Sent back by %(provider)s."),
        "expired": _("Never finished by the player."),
        "failed": _("Declined at %(provider)s."),
        "unknown": _("%(provider)s has not answered; it is asked again."),
    }[row.state] % words
