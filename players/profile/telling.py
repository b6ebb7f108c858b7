"""What front ends and staff are told about profiles. A message names no personal value: who may have it asks for it over the API."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.bell import kinds
from backoffice.bell.services import notify
from backoffice.integrations.webhooks import topics
from backoffice.integrations.webhooks.services import publish
from players.models import Complaint, Instruction, Player
from players.telling import contact_changed

PROFILE, STATE = "player.profile_changed", "player.state_changed"
INSTRUCTIONS = {Instruction.SESSIONS: "player.end_sessions", Instruction.CREDENTIALS: "player.reset_credentials"}
COMPLAINT = "complaint.moved"
CALLERS = kinds.Kind(
    "players.caller_failed", _("Callers who could not say who they are"), _("%(times)s callers in a day could not prove that they are player #%(player)s"),
    "warn", "warning", mail=True,
)  # fmt: skip


def register() -> None:
    topics.register(
        topics.Topic(PROFILE, _("A player's profile changed")), topics.Topic(STATE, _("A player's account was suspended, closed or made active")),
        topics.Topic(INSTRUCTIONS[Instruction.SESSIONS], _("A player's sessions have to be ended")),
        topics.Topic(INSTRUCTIONS[Instruction.CREDENTIALS], _("A player's credentials have to be reset")),
        topics.Topic(COMPLAINT, _("A complaint was acknowledged, escalated, answered or taken back")),
    )  # fmt: skip
    kinds.register(CALLERS)


def _whose(player: Player) -> dict[str, object]:
    return {"player_id": player.pk, "external_id": player.external_id}


def profile_changed(player: Player, fields: Iterable[str], *, now: datetime) -> None:
    """`player` is as saved: its version makes the message one of its kind."""
    data = {**_whose(player), "fields": sorted(fields)}
    publish(topic=PROFILE, data=data, key=f"{PROFILE}:{player.pk}:{player.version}", now=now, brand_id=player.brand_id)


def state_changed(player: Player, *, now: datetime) -> None:
    data = {**_whose(player), "state": player.state}
    publish(topic=STATE, data=data, key=f"{STATE}:{player.pk}:{player.version}", now=now, brand_id=player.brand_id)
    contact_changed(player, key=f"state:{player.pk}:{player.version}", now=now)  # whose account is not active gets no marketing


def instructed(instruction: Instruction, *, now: datetime) -> None:
    topic = INSTRUCTIONS[instruction.kind]
    data = {**_whose(instruction.player), "instruction_id": instruction.pk}
    publish(topic=topic, data=data, key=f"{topic}:{instruction.pk}", now=now, brand_id=instruction.brand_id)


def callers_failed(player: Player, *, times: int, check: int, now: datetime) -> None:
    people = Staff.objects.of_role("fraud", brand_id=player.brand_id)
    url = reverse("players:player", args=[player.pk])
    params = {"player": player.pk, "times": times}
    notify(to=people, kind=CALLERS.code, params=params, url=url, key=f"{CALLERS.code}:{check}", now=now, brand_id=player.brand_id)


def complaint_moved(complaint: Complaint, *, now: datetime) -> None:
    data = {**_whose(complaint.player), "complaint_id": complaint.pk, "state": complaint.state, "outcome": complaint.outcome}
    publish(topic=COMPLAINT, data=data, key=f"{COMPLAINT}:{complaint.pk}:{complaint.version}", now=now, brand_id=complaint.brand_id)
