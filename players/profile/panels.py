"""What work on a profile puts on the player's page (players/panels.py)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.audit.models import Event
from backoffice.ui import times
from players import panels, revealing
from players.models import CallerCheck, Instruction, Player
from players.panels import Act, Badge, Looking, Panel
from players.profile import accounts, callers, edits, identity, instructions, reasons, values
from players.profile.values import LABELS

MENU = gettext_lazy("Account")
MOVES = ("player.suspended", "player.closed", "player.active")
HIDDEN = {"birth_date": "birth", "email": "email", "phone": "phone", "street": "address", "city": "address"}  # by what name the kit reveals it
TONES = {"requested": ("attention", 0), "confirmed": ("success", 2), "failed": ("critical", 2)}


def _url(name: str, *more: str) -> Callable[[Player], str]:
    return lambda player: reverse(f"players:{name}", args=[player.pk, *more])


def profile(looking: Looking) -> Mapping[str, Any]:
    """Every value, masked, and what waits for somebody."""
    now, waits = values.of(looking.player), edits.waiting(looking.player.pk)
    hidden = HIDDEN if looking.may(revealing.PERMISSION) else {}
    return {
        "lines": [(LABELS[name], values.masked(name, now[name]), hidden.get(name, "") if now[name] else "") for name in LABELS], "waits": waits,
        "mine": waits is not None and waits.requested_by_id == looking.staff.pk, "may_edit": looking.may(identity.EDIT),
        "sees_changes": looking.may("approvals.view"),
    }  # fmt: skip


def state(looking: Looking) -> Mapping[str, Any]:
    """Since when the account is as it is, who did it and why."""
    moved = Event.objects.visible_to(looking.staff).filter(subject_type="players.player", subject_id=looking.player.pk, type__in=MOVES).first()
    waits = accounts.reopening(looking.player.pk) if looking.player.state == "closed" else None
    return {"moved": moved, "why": reasons.label(moved.reason) if moved and moved.reason else "", "waits": waits, "sees_changes": looking.may("approvals.view")}


def asked(looking: Looking) -> Mapping[str, Any] | None:
    """What the front end was asked to do, newest first."""
    rows = list(Instruction.objects.filter(player=looking.player).select_related("asked_by").order_by("-pk")[:10])
    return {"rows": [{"row": row, "tone": TONES[row.state][0], "pip": TONES[row.state][1]} for row in rows]} if rows else None


_STANDS = """
SELECT kind, NULL::timestamptz FROM players_instruction WHERE player_id = %(player)s AND state = 'requested'
UNION ALL (SELECT 'caller', valid_until FROM players_callercheck WHERE player_id = %(player)s AND passed AND valid_until > %(now)s ORDER BY at DESC LIMIT 1)
"""


def badges(looking: Looking) -> Iterable[Badge]:
    """Until when a caller counts as the player, and what the front end has not reported yet. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDS, {"player": looking.player.pk, "now": looking.now})
        stands: dict[str, Any] = dict(cursor.fetchall())
    here = f"{reverse('players:player', args=[looking.player.pk])}?tab=profile"
    if "caller" in stands:
        yield Badge(_("Caller verified until %(time)s") % {"time": times.write(stands["caller"], "time")}, "success", 2, "phone")
    for kind, words in ((Instruction.SESSIONS, _("Sessions not yet ended")), (Instruction.CREDENTIALS, _("Credentials not yet reset"))):
        if kind in stands:
            yield Badge(words, "attention", 0, url=here)


def calls(looking: Looking) -> Mapping[str, Any] | None:
    """The latest times that somebody was asked."""
    rows = list(CallerCheck.objects.filter(player=looking.player).select_related("staff").order_by("-at")[:5])
    return {"rows": rows, "now": looking.now} if rows else None


def plug_in() -> None:
    revealing.register(revealing.Hidden("address", gettext_lazy("Address"), values.address))
    panels.register(
        Act(
            key="players.check_caller", label=gettext_lazy("Verify the caller"), permission=callers.VERIFY, url=_url("check-caller"), icon="phone", part="#act",
            order=30,
        ),
        Panel(
            key="players.calls", title=gettext_lazy("Callers"), template="players/_callers.html", load=calls, tab="profile", side=True, order=30,
            permission=(callers.VERIFY, "audit.view"),
        ),
        Panel(key="players.values", title=gettext_lazy("Profile"), template="players/_values.html", load=profile, tab="profile", order=10),
        Panel(key="players.state", title=gettext_lazy("Account"), template="players/_state.html", load=state, tab="profile", side=True, order=10),
        Panel(
            key="players.instructions", title=gettext_lazy("Sessions and credentials"), template="players/_instructions.html", load=asked, tab="profile",
            order=20,
        ),
        Act(key="players.edit", label=gettext_lazy("Edit profile"), permission=identity.EDIT, url=_url("edit-profile"), menu=MENU, order=10),
        Act(
            key="players.end_sessions", label=gettext_lazy("End all sessions"), permission=instructions.SECURE, url=_url("end-sessions"), menu=MENU,
            part="#act", order=20,
        ),
        Act(
            key="players.reset_credentials", label=gettext_lazy("Reset the credentials"), permission=instructions.SECURE, url=_url("reset-credentials"),
            menu=MENU, part="#act", order=21,
        ),
        Act(
            key="players.suspend", label=gettext_lazy("Suspend the account"), permission=accounts.RESTRICT, url=_url("account-state", "suspended"), menu=MENU,
            part="#act", order=30, shows=lambda looking: looking.player.state == "active",
        ),
        Act(
            key="players.lift", label=gettext_lazy("Lift the suspension"), permission=accounts.RESTRICT, url=_url("account-state", "active"), menu=MENU,
            part="#act", order=31, shows=lambda looking: looking.player.state == "suspended",
        ),
        Act(
            key="players.close", label=gettext_lazy("Close the account"), permission=accounts.RESTRICT, url=_url("account-state", "closed"), menu=MENU,
            part="#act", order=32, shows=lambda looking: looking.player.state in {"active", "suspended"},
        ),
        Act(
            key="players.reopen", label=gettext_lazy("Open the account again"), permission=accounts.RESTRICT, url=_url("account-state", "active"), menu=MENU,
            part="#act", order=33, shows=lambda looking: looking.player.state == "closed",
        ),
    )  # fmt: skip
    panels.register_badges("players.profile", badges, order=30)
