"""What this room itself puts on a player's page: state, open work, profile, sign-ins, instruments, tags, notes (players/panels.py)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, OuterRef, Subquery, Window
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.jobs.exports.columns import MASK, mask_address, mask_end
from backoffice.work import open_items
from backoffice.work.open_items import OpenItem
from backoffice.work.views.notes import notes_context
from players import panels, revealing
from players.models import Device, Instrument, SignIn
from players.panels import Badge, Looking, Panel
from players.places import player_subject
from players.services.registration import age_on

TONES = {"active": ("success", 2), "suspended": ("attention", 1), "closed": ("neutral", 2), "dormant": ("neutral", 1), "merged": ("neutral", 2)}
SIGN_INS, INSTRUMENTS = 5, 6  # shown at most


def badges(looking: Looking) -> Iterable[Badge]:
    tone, pip = TONES[looking.player.state]
    yield Badge(looking.player.get_state_display(), tone, pip)
    if looking.player.is_test:
        yield Badge(_("Test"), title=_("It stands in no figure"))


def waiting(looking: Looking) -> list[OpenItem]:
    """What waits about the player. Panels of higher rooms ask through `looking.once(waiting)`."""
    return open_items.about(looking.staff, looking.player.pk, now=looking.now)


def work(looking: Looking) -> Mapping[str, Any]:
    items = looking.once(waiting)
    return {"items": items, "each": open_items.EACH, "cut": any(one.cut for one in items), "now": looking.now}


def profile(looking: Looking) -> Mapping[str, Any]:
    player = looking.player
    return {
        "email": mask_address(player.email), "phone": mask_end(player.phone), "may_reveal": looking.may(revealing.PERMISSION),
        "age": age_on(player.birth_date, timezone.localdate(looking.now)) if player.birth_date else None,
    }  # fmt: skip


def mask_ip(address: str) -> str:
    """The network of an address without its last part: enough to tell two apart, not enough to find one."""
    separator = ":" if ":" in address else "."
    return f"{address.rpartition(separator)[0]}{separator}{MASK}"


def sign_ins(looking: Looking) -> Mapping[str, Any]:
    devices = Device.objects.filter(player=OuterRef("player")).order_by().values("player").annotate(n=Count("pk")).values("n")
    rows = SignIn.objects.filter(player=looking.player).select_related("device").annotate(devices=Coalesce(Subquery(devices), 0)).order_by("-at")[:SIGN_INS]
    found = list(rows)
    return {"sign_ins": [{"row": row, "ip": mask_ip(row.ip)} for row in found], "devices": found[0].devices if found else 0}


def instruments(looking: Looking) -> Mapping[str, Any]:
    rows = Instrument.objects.filter(player=looking.player).annotate(all=Window(Count("pk"))).order_by("removed_at", "-pk")
    found = list(rows[:INSTRUMENTS])
    for one in found:
        one.hidden_as = f"instrument-{one.pk}"  # type: ignore[attr-defined]
    return {"instruments": found, "instrument_count": found[0].all if found else 0, "may_reveal": looking.may(revealing.PERMISSION)}


def tags(looking: Looking) -> Mapping[str, Any]:
    return {"tags": looking.tags, "may_tag": looking.may("players.tag")}


def notes(looking: Looking) -> Mapping[str, Any]:
    return notes_context(looking.request, [player_subject(looking.player)])


def plug_in() -> None:
    panels.register_badges("players.state", badges, order=10)
    _l = gettext_lazy
    panels.register(
        Panel(key="players.work", title=_l("Open work"), template="players/_work.html", load=work, order=20),
        Panel(key="players.profile", title=_l("Profile"), template="players/_profile.html", load=profile, side=True, order=10),
        Panel(
            key="players.instruments", title=_l("Instruments"), template="players/_instruments.html", load=instruments, side=True, order=40,
            permission="players.view_instruments",
        ),
        Panel(key="players.sign_ins", title=_l("Sign-ins"), template="players/_sign_ins.html", load=sign_ins, side=True, order=50),
        Panel(key="players.tags", title=_l("Tags"), template="players/_tags.html", load=tags, side=True, order=60),
        Panel(key="players.notes", title=_l("Notes"), template="work/_notes.html", load=notes, side=True, order=80),
    )  # fmt: skip
