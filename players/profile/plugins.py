"""Where work on profiles plugs itself into the kit and into the player's page."""

from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue
from backoffice.approvals.registry import register
from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers
from backoffice.runtime import probes, rights
from backoffice.ui import words
from players.profile import accounts, callers, identity, instructions, panels, said, telling

FACTS = {
    "player.identity_changed": _("Identity changed"), "player.profile_changed": _("Profile changed"), "player.suspended": _("Account suspended"),
    "player.closed": _("Account closed"), "player.active": _("Account made active"), "player.sessions_end_requested": _("Ending of sessions asked for"),
    "player.sessions_ended": _("Sessions ended"), "player.sessions_not_ended": _("Sessions could not be ended"),
    "player.credentials_reset_requested": _("Reset of credentials asked for"), "player.credentials_reset": _("Credentials reset"),
    "player.credentials_not_reset": _("Credentials could not be reset"), "player.caller_verified": _("Caller verified"),
    "player.caller_not_verified": _("Caller not verified"), "player.profile_read": _("Profile read by the front end"),
}  # fmt: skip


def permissions() -> None:
    catalogue.register(
        Permission(identity.EDIT, _("Edit profiles; agree to changes of a name, birth date, e-mail or phone"), _("Players"), ("support", "kyc", "compliance")),
        Permission(
            instructions.SECURE, _("End a player's sessions and reset credentials"), _("Players"), ("support", "fraud", "compliance", "head-of-payments")
        ),
        Permission(callers.VERIFY, _("Verify who calls"), _("Players"), ("support", "payments-l1", "kyc", "fraud")),
        Permission(callers.CONFIGURE, _("Propose what callers are asked"), _("Players"), ("fraud", "compliance")),
    )  # fmt: skip


def plug_in() -> None:
    rights.restrict("players_address", "SELECT, INSERT, UPDATE, DELETE")  # an erased player lives nowhere
    rights.restrict("players_instruction", "SELECT, INSERT, UPDATE")
    rights.restrict("players_callercheck", "SELECT, INSERT")
    permissions()
    words.name(FACTS)
    telling.register()
    register(identity.KIND)
    register(accounts.KIND)
    register(callers.KIND)
    panels.plug_in()
    said.plug_in()
    scopes.register("players:personal", "Read the personal data of players' profiles")
    api_routers.register("", "players.profile.api.router")
    probes.queue(
        "queue.instructions", _("What front ends were asked to do with accounts"), table="players_instruction", due="asked_at", where="state = 'requested'",
        warning=300, failing=1_800,
    )  # fmt: skip
