"""Where statements plug themselves into the kit, the player's page and the platform API."""

from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue
from backoffice.bell import kinds as bell
from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers
from backoffice.jobs import kinds, services
from backoffice.jobs.kinds import Kind
from backoffice.jobs.models import Job
from backoffice.ui import words
from players.timeline import declared
from players.timeline.declared import About, Said
from wallet.models import Statement
from wallet.statements import panel, work
from wallet.statements.kind_of_notice import WRONG
from wallet.statements.paper import CONTENT_TYPES
from wallet.statements.services import KIND, MAKE, SUBJECT


def facts(job: Job) -> list[tuple[object, str]]:
    """What was asked for, for the job's page."""
    row = Statement.objects.get(job=job)
    return [
        (_("Player"), f"#{row.player_id}"), (_("Period"), f"{row.since.isoformat()} – {row.until.isoformat()}"), (_("Time zone"), row.timezone),
        (_("Language"), row.language), (_("Format"), row.get_form_display()),
    ]  # fmt: skip


STATEMENTS = Kind(
    KIND, _("Statement"), work.step, {"": _("Starting"), "reading": _("Reading the ledger"), "writing": _("Setting the paper")}, facts,  # type: ignore[arg-type]
    services.LARGE_EXPORTS,  # nobody else has to agree to a statement, so no policy about it is ever asked
    permission=MAKE, content_type=lambda job: CONTENT_TYPES[job.code],
)  # fmt: skip
WORDS = {
    "statement.asked": _("Statement asked for"), "statement.issued": _("Statement issued"), "statement.refused": _("Statement does not add up, not issued"),
    "statement.fetched": _("Statement taken by the front end"), "statement.running": _("Statement begun"), "statement.ready": _("Statement ready"),
    "statement.failed": _("Statement failed"), "statement.cancelled": _("Statement cancelled"), "statement.expired": _("Statement's file removed"),
    "statement.downloaded": _("Statement taken by who asked for it"), "statement.removed": _("Statement's pieces removed"),
}  # fmt: skip


def plug_in() -> None:
    catalogue.register(
        Permission(
            MAKE, _("Make statements for players"), _("Money"),
            ("payments-l1", "payments-l2", "head-of-payments", "compliance", "finance"),
        )
    )  # fmt: skip
    kinds.register(STATEMENTS)
    bell.register(WRONG)
    words.name(WORDS)
    panel.plug_in()
    scopes.register("wallet:statements", "Ask for players' statements and take them")
    api_routers.register("", "wallet.statements.api.router")

    def said(name: str, text: object, *, tone: str = "") -> Said:
        return Said(type=f"statement.{name}", category="payments", text=text, icon="file", tone=tone, permission=("wallet.view", MAKE))  # type: ignore[arg-type]

    declared.register(
        said("asked", _("%(subject)s asked for, %(since)s to %(until)s")),
        said("issued", _("%(subject)s issued, %(since)s to %(until)s"), tone="success"),
        said("refused", _("%(subject)s does not add up with the ledger and was not issued"), tone="critical"),
        said("fetched", _("%(subject)s taken by the front end")),
        About(type=SUBJECT, name=lambda pk: f"ST-{pk}"),
    )
