"""What a merge does about what this room keeps: states, blocks, consents, tags; and what stays where it is."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from backoffice.audit.actors import Actor
from backoffice.ui import numbers, times
from backoffice.work import items
from backoffice.work.models import Item, Note
from players.blocks import selectors as blocks
from players.blocks import services as blocking
from players.blocks import sources
from players.contact import CHANNELS
from players.merging.parts import Line, Pair, Part
from players.models import Complaint, Consent, Device, Instrument, Merge, Player, Ticket
from players.places import SUBJECT, player_subject
from players.services.consents import record_consent

_NONE = "–"
_SOURCE = "merge"


# ---- the account itself


def _account(pair: Pair) -> Iterable[Line]:
    goes, stays = pair.goes, pair.stays
    words = {"number": stays.pk}
    yield Line(_l("State"), str(goes.get_state_display()), str(stays.get_state_display()), _("Merged into #%(number)s; it cannot be signed in to") % words)
    yield Line(_l("Registered"), times.write(goes.registered_at, "date"), times.write(stays.registered_at, "date"), _("Stays as it is"))
    last = {one.pk: times.write(one.last_sign_in_at, "date") if one.last_sign_in_at else _NONE for one in (goes, stays)}
    yield Line(_l("Last sign-in"), last[goes.pk], last[stays.pk], _("The front end leads the person to #%(number)s") % words)


# ---- blocks: the stricter of two stands


def _block_words(player: Player, now: datetime) -> str:
    found = blocks.in_force(player.pk, now=now)
    return "; ".join(
        _("%(what)s (%(source)s) until %(when)s") % {**said, "when": times.write(one.ends_at)} if one.ends_at else _("%(what)s (%(source)s)") % said
        for one in found
        if (said := {"what": one.get_kind_display(), "source": sources.shown(one.source).label})
    )


def _blocks(pair: Pair) -> Iterable[Line]:
    goes, stays = (_block_words(one, pair.now) for one in (pair.goes, pair.stays))
    becomes = _("What is blocked on either is blocked on #%(number)s; of two, the longer one") % {"number": pair.stays.pk} if goes else _("Stays as it is")
    yield Line(_l("Blocks"), goes or _NONE, stays or _NONE, becomes)


def _carry_blocks(pair: Pair, _merge: Merge, *, by: Actor, now: datetime) -> Mapping[str, Any]:
    why = f"Merged with #{pair.goes.pk}"
    done = [blocking.carry_over(block, to=pair.stays, why=why, by=by, now=now) for block in blocks.in_force(pair.goes.pk, now=now)]
    return {"made": [[made.pk, instead.pk if instead else None] for made, instead in done if made is not None]}


def _undo_blocks(pair: Pair, _merge: Merge, kept: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    for made, instead in kept.get("made", ()):
        blocking.take_back(made, instead, player=pair.stays, why=f"The merge with #{pair.goes.pk} was undone", by=by, now=now)


# ---- consents: a no counts, a yes is not taken over


def _latest(player: Player) -> dict[str, Consent]:
    rows = Consent.objects.filter(player=player).order_by("channel", "-at", "-pk").distinct("channel")
    return {one.channel: one for one in rows}


def _said(found: Mapping[str, Consent], given: bool) -> list[str]:
    return [str(label) for channel, label in CHANNELS.items() if channel in found and found[channel].given == given]


def _consents(pair: Pair) -> Iterable[Line]:
    goes, stays = _latest(pair.goes), _latest(pair.stays)

    def words(found: Mapping[str, Consent]) -> str:
        parts = [(_("yes: %(channels)s"), _said(found, True)), (_("no: %(channels)s"), _said(found, False))]
        return "; ".join(text % {"channels": ", ".join(said)} for text, said in parts if said) or _NONE

    taken = _taken_over(goes, stays)
    becomes = _("The no to %(channels)s counts for both") % {"channels": ", ".join(str(CHANNELS[one]) for one in taken)} if taken else _("Stays as it is")
    yield Line(_l("Consents"), words(goes), words(stays), becomes)


def _taken_over(goes: Mapping[str, Consent], stays: Mapping[str, Consent]) -> list[str]:
    return [one for one in CHANNELS if one in goes and not goes[one].given and (one not in stays or stays[one].given)]


def _carry_consents(pair: Pair, _merge: Merge, *, by: Actor, now: datetime) -> Mapping[str, Any]:
    goes, stays, said = _latest(pair.goes), _latest(pair.stays), []
    for channel in _taken_over(goes, stays):
        made = record_consent(
            player_id=pair.stays.pk, channel=channel, given=False, source=_SOURCE, reason=f"Said no on account #{pair.goes.pk}", at=now, by=by, now=now
        )
        said.append([channel, made.pk, stays[channel].pk if channel in stays else None])
    return {"said": said}


def _undo_consents(pair: Pair, _merge: Merge, kept: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    """A yes that stood before stands again. Where nobody had said anything the no stays: a no harms nobody, and a line is never taken away."""
    latest = _latest(pair.stays)
    for channel, made, before in kept.get("said", ()):
        if before is not None and latest[channel].pk == made:
            was = Consent.objects.get(pk=before)
            record_consent(
                player_id=pair.stays.pk, channel=channel, given=True, source=was.source, text_version=was.text_version,
                reason=f"As before the merge with #{pair.goes.pk}, which was undone", at=now, by=by, now=now,
            )  # fmt: skip


# ---- tags: all of both


def _tags_of(player: Player) -> list[str]:
    return list(Item.objects.filter(subject_type=SUBJECT, subject_id=player.pk).values_list("tags", flat=True).first() or [])


def _tags(pair: Pair) -> Iterable[Line]:
    goes, stays = _tags_of(pair.goes), _tags_of(pair.stays)
    more = sorted(set(goes) - set(stays))
    becomes = _("Added to #%(number)s: %(tags)s") % {"number": pair.stays.pk, "tags": ", ".join(more)} if more else _("Stays as it is")
    yield Line(_l("Tags"), ", ".join(goes) or _NONE, ", ".join(stays) or _NONE, becomes)


def _too_many_tags(pair: Pair) -> Iterable[str]:
    together = {*_tags_of(pair.goes), *_tags_of(pair.stays)}
    if len(together) > items.MOST_TAGS:
        yield _("Together they have %(n)s tags; one has at most %(most)s. Remove some first.") % {"n": len(together), "most": items.MOST_TAGS}


def _carry_tags(pair: Pair, _merge: Merge, *, by: Actor, now: datetime) -> Mapping[str, Any]:
    more = sorted(set(_tags_of(pair.goes)) - set(_tags_of(pair.stays)))
    if more:
        items.tag(player_subject(pair.stays), add=more, by=by, now=now)
    return {"added": more}


def _undo_tags(pair: Pair, _merge: Merge, kept: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    if kept.get("added"):
        items.tag(player_subject(pair.stays), remove=kept["added"], by=by, now=now)


# ---- what stays where it is


def _numbers(rows: Any, field: str, pair: Pair) -> tuple[str, str]:
    found = dict(rows.filter(**{f"{field}__in": [pair.goes.pk, pair.stays.pk]}).order_by().values_list(field).annotate(Count("pk")))
    return numbers.whole(found.get(pair.goes.pk, 0)), numbers.whole(found.get(pair.stays.pk, 0))


def _staying(pair: Pair) -> Iterable[Line]:
    shown = _("Stays on #%(goes)s and is found from #%(stays)s") % {"goes": pair.goes.pk, "stays": pair.stays.pk}
    yield Line(_l("Notes"), *_numbers(Note.objects.all(), "player_id", pair), shown)
    yield Line(_l("Tickets, not yet solved"), *_numbers(Ticket.objects.filter(state__in=["open", "pending"]), "player_id", pair), shown)
    yield Line(
        _l("Complaints, not yet answered"), *_numbers(Complaint.objects.filter(state__in=["received", "acknowledged", "escalated"]), "player_id", pair), shown
    )
    added = _("Stays on #%(goes)s; the person adds it again on #%(stays)s") % {"goes": pair.goes.pk, "stays": pair.stays.pk}
    yield Line(_l("Instruments in use"), *_numbers(Instrument.objects.filter(removed_at=None), "player_id", pair), added)
    yield Line(_l("Devices"), *_numbers(Device.objects.all(), "player_id", pair), shown)


PARTS = {
    "players.account": Part(order=10, lines=_account),
    "players.blocks": Part(order=40, lines=_blocks, carry=_carry_blocks, undo=_undo_blocks),
    "players.consents": Part(order=50, lines=_consents, carry=_carry_consents, undo=_undo_consents),
    "players.tags": Part(order=60, lines=_tags, refuses=_too_many_tags, carry=_carry_tags, undo=_undo_tags),
    "players.staying": Part(order=70, lines=_staying),
}
