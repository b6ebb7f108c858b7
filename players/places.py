"""Players as a place for notes: what colleagues write about a person is found wherever the person's work is."""

from typing import Any

from django.urls import reverse

from backoffice.work.items import Subject
from backoffice.work.notes import places
from players.models import Player

SUBJECT = "players.player"


def player_subject(player: Player) -> Subject:
    return Subject(SUBJECT, player.pk, player.brand_id, player.pk, str(player), f"#{player.pk}")


def find(staff: Any, pk: int) -> Subject | None:
    player = Player.objects.visible_to(staff).filter(pk=pk).first()
    return None if player is None else player_subject(player)


def plug_in() -> None:
    places.register(places.Place(SUBJECT, "players.view", find, lambda pk: reverse("players:player", args=[pk])))
