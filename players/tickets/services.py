"""The only writes to tickets: what the help desk says of its own, and what staff keep by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from players import locks
from players.models import Ticket, TicketMessage
from players.services import PlayerRefused, refuse_erased

LONGEST_TEXT = 8_000
STATES = dict(Ticket.STATES)


@dataclass(frozen=True)
class Said:
    """One message of a ticket, with the help desk's own id."""

    id: str
    author: str
    author_name: str
    text: str
    at: datetime


@transaction.atomic
def keep_ticket(
    *, brand_id: int, external_id: str, player_id: int, subject: str, state: str, link: str, opened_at: datetime, updated_at: datetime,
    messages: Sequence[Said], by: Actor, now: datetime,
) -> Ticket:  # fmt: skip
    """Keep what the help desk says of a ticket of its own. Old news (`updated_at` before what is kept) changes nothing but adds messages
    that are not here yet; the same again changes nothing at all.

    Raises PlayerRefused: ticket_of_another (it is another player's here), ticket_wrong (id, state or link).
    """
    player = locks.player(player_id)
    if player.brand_id != brand_id or not external_id or state not in STATES or (link and not link.startswith("https://")):
        raise PlayerRefused(_("A ticket has an id, one of our states, and a link that begins with https://."), code="ticket_wrong")
    ticket = Ticket.objects.select_for_update(of=("self",)).filter(brand_id=brand_id, external_id=external_id).first()
    refuse_erased(player)
    told = {"subject": subject, "state": state, "link": link, "updated_at": updated_at}
    if ticket is None:
        ticket = Ticket.objects.create(brand_id=brand_id, player=player, external_id=external_id, opened_at=opened_at, **told)
        _record("ticket.opened", ticket, by=by, now=now, after={"ticket": ticket.name, "state": state})
    elif ticket.player_id != player.pk:
        raise PlayerRefused(_("This ticket is another player's here."), code="ticket_of_another")
    elif updated_at >= ticket.updated_at:
        _change(ticket, told, by=by, now=now)
    _add(ticket, messages, by=by, now=now)
    return ticket


@transaction.atomic
def open_by_hand(*, player_id: int, subject: str, text: str, link: str = "", key: str, by: Staff, now: datetime) -> Ticket:
    """Keep a conversation that stands in no help desk. The same key again gives the same ticket. Raises PlayerRefused: ticket_wrong."""
    player = locks.player(player_id)
    said_before = TicketMessage.objects.filter(external_id=_key(by, key), ticket__player=player).select_related("ticket").first()
    if said_before is not None:
        return said_before.ticket
    if not subject.strip() or not text.strip() or (link and not link.startswith("https://")):
        raise PlayerRefused(_("Write a subject and what was said; a link begins with https://."), code="ticket_wrong")
    refuse_erased(player)
    ticket = Ticket(brand_id=player.brand_id, player=player, link=link, opened_at=now, updated_at=now, by=by)
    ticket.subject = subject.strip()[:200]
    ticket.save(force_insert=True)
    actor = Actor.staff(by)
    _record("ticket.opened", ticket, by=actor, now=now, after={"ticket": ticket.name, "state": ticket.state})
    _add(ticket, [Said(_key(by, key), TicketMessage.PLAYER, player.name, text, now)], by=actor, now=now)
    return ticket


@transaction.atomic
def go_on_by_hand(*, ticket_id: int, version: int, state: str, text: str, key: str, by: Staff, now: datetime) -> Ticket:
    """Add what was done, change the state, or both, of a ticket that is kept by hand.

    Raises PlayerRefused: ticket_elsewhere (the help desk's own), ticket_changed (since `version`), ticket_wrong; Ticket.DoesNotExist.
    """
    ticket = Ticket.objects.get(pk=ticket_id)
    refuse_erased(locks.player(ticket.player_id))
    ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
    if TicketMessage.objects.filter(ticket=ticket, external_id=_key(by, key)).exists():
        return ticket
    if not ticket.by_hand:
        raise PlayerRefused(_("It is answered at the help desk."), code="ticket_elsewhere")
    if ticket.version != version:
        raise PlayerRefused(_("It changed since you saw it. Look again."), code="ticket_changed")
    if state not in STATES or (not text.strip() and state == ticket.state):
        raise PlayerRefused(_("Write what was said, or choose another state."), code="ticket_wrong")
    actor = Actor.staff(by)
    _change(ticket, {"state": state, "updated_at": now}, by=actor, now=now)
    if text.strip():
        _add(ticket, [Said(_key(by, key), TicketMessage.AGENT, by.name, text, now)], by=actor, now=now)
    return ticket


def _key(by: Staff, key: str) -> str:
    return f"staff:{by.pk}:{key[:60]}"


def _change(ticket: Ticket, told: dict[str, Any], *, by: Actor, now: datetime) -> None:
    """Set what differs; the fact names it, without the subject's words."""
    differs = {name: value for name, value in told.items() if getattr(ticket, name) != value}
    if not differs:
        return
    before = ticket.state
    for name, value in differs.items():
        setattr(ticket, name, value)
    ticket.version += 1
    ticket.save(update_fields=[{"subject": "subject_sealed"}.get(name, name) for name in differs] + ["version"])
    if set(differs) - {"updated_at"}:
        _record(
            "ticket.changed", ticket, by=by, now=now, before={"state": before},
            after={"ticket": ticket.name, "state": ticket.state, "changed": sorted(set(differs) - {"updated_at"})},
        )  # fmt: skip


def _add(ticket: Ticket, messages: Sequence[Said], *, by: Actor, now: datetime) -> None:
    """Those that are not here yet. What was said is not said twice, and never changed."""
    known = set(TicketMessage.objects.filter(ticket=ticket, external_id__in=[one.id for one in messages]).values_list("external_id", flat=True))
    fresh = [one for one in {said.id: said for said in messages}.values() if one.id not in known]
    rows = []
    for one in fresh:
        row = TicketMessage(ticket=ticket, external_id=one.id, author=one.author, at=one.at)
        row.author_name, row.text = one.author_name[:80], one.text[:LONGEST_TEXT]
        rows.append(row)
    TicketMessage.objects.bulk_create(rows)
    if fresh:
        authors = sorted({one.author for one in fresh})
        _record("ticket.message", ticket, by=by, now=now, after={"ticket": ticket.name, "messages": len(fresh), "from": authors})


def _record(kind: str, ticket: Ticket, *, by: Actor, now: datetime, **values: Any) -> None:
    record(kind, actor=by, at=now, brand_id=ticket.brand_id, player_id=ticket.player_id, subject=ticket, **values)
