"""Deposits that banks take back: what is to be answered, until when, and what became of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import moment, text, whole
from backoffice.ui import money
from backoffice.ui.templatetags import ui
from backoffice.work import bulk, cells
from backoffice.work.checks import PASS, WARN, Result
from backoffice.work.exports import WHO
from backoffice.work.items import NotPossible
from backoffice.work.narrowing import Choice, During, Search, Tab, number_in
from backoffice.work.queues import Column, Figure, Outcome, Queue
from payments.badges import chargeback_badge
from payments.lifecycles import CHARGEBACK
from payments.models import Chargeback
from payments.queues.common import AMOUNT, BRAND, PLAYER, moment_of, owner, state_of
from payments.queues.withdrawals import currencies
from payments.services import PaymentRefused, chargebacks
from players import locks
from players.lists import PLAYERS
from wallet import balances

OPEN = Q(state__in=["inquiry", "opened"])
SCHEMES = {"10.4": _("Other fraud, card absent"), "13.1": _("Services not received"), "13.7": _("Cancelled services")}


def search(rows: QuerySet[Chargeback], typed: str) -> QuerySet[Chargeback]:
    """By chargeback or player number, deposit, or the provider's name for it."""
    if typed.upper().startswith("DP-"):
        return rows.filter(deposit_id=number_in(typed, "DP-") or 0)
    if typed.startswith("#"):
        return rows.filter(player_id=number_in(typed, "#") or 0)
    number = number_in(typed, "CB-")
    return rows.filter(Q(dispute_id=typed) | (Q(pk=number) if number is not None else Q(pk=None)))


def reason(row: Chargeback) -> str:
    known = SCHEMES.get(row.reason)
    return f"{row.reason} · {known}" if known else row.reason or "–"


def deposit(row: Chargeback) -> Any:
    return format_html('<a href="{}">{}</a>', reverse("payments:deposit", args=[row.deposit_id]), row.deposit.name)


def checks(row: Chargeback, now: datetime) -> list[Result]:
    left = balances.cash(row.player_id, row.currency)
    others = Chargeback.objects.filter(player_id=row.player_id).exclude(pk=row.pk).count()
    due = row.evidence_due_at
    return [
        Result(
            "CB-01", PASS if left >= 0 else WARN, _t("Cash is not below zero") if left >= 0 else _t("The chargeback left cash below zero"),
            (str(money.write(left, row.currency)),),
        ),
        Result("CB-02", WARN if others else PASS, _t("Other chargebacks of this player") if others else _t("The player's first chargeback"), (str(others),)),
        Result(
            "CB-03", PASS if due is None or due > now or row.state not in {"inquiry", "opened"} else WARN,
            _t("Evidence can still be handed in") if due is None or due > now else _t("The day for evidence has passed"),
        ),
    ]  # fmt: skip


def _act(service: Callable[..., Any]) -> Callable[..., None]:
    def act(row: Chargeback, *, by: Any, now: datetime, note: str) -> None:
        try:
            service(chargeback_id=row.pk, by=by, now=now, note=note)
        except (NotAllowed, Stale, PaymentRefused) as refused:
            raise NotPossible(str(refused)) from refused

    return act


def leads(row: Chargeback, staff: Any) -> Sequence[tuple[Any, str]]:
    return [(_("The deposit"), reverse("payments:deposit", args=[row.deposit_id]))]


CHARGEBACKS = Queue(
    subject=chargebacks.SUBJECT, title=_("Chargebacks"), plural="chargebacks", singular="chargeback", namespace="payments", rows_model=Chargeback,
    rows=Chargeback.objects.visible_to, view="payments.view", work=chargebacks.WORK, open=OPEN, is_open=lambda row: row.state in {"inquiry", "opened"},
    due="due_at", related=("player", "brand", "deposit", "deposit__instrument", "decided_by"),
    tabs=(
        Tab("open", _("To answer"), OPEN), Tab("mine", _("Mine"), OPEN, mine=True), Tab("late", _("Overdue"), lambda now: OPEN & Q(due_at__lt=now)),
        Tab("snoozed", _("Snoozed"), OPEN, snoozed=True), Tab("defended", _("Defended"), Q(state="defended"), awake=False),
        Tab("all", _("All"), awake=False, counted=False, sort="-opened"),
    ),
    filters=(
        Search("q", _("Chargeback, DP-481 or #player"), find=search),
        Choice("state", _("State"), "state", lambda _tab: CHARGEBACK.choices, _("Any state"), CHARGEBACK.states.__contains__),
        Choice("currency", _("Currency"), "currency", currencies, _("Any currency"), lambda code: code.isalnum() and len(code) <= 10),  # noqa: PLR2004
        During("due", _("Due"), field="due_at"), During("opened", _("Opened"), field="opened_at"), PLAYERS,
    ),
    sorts={"due": ("due_at", "id"), "-opened": ("-opened_at", "-id")}, order="due",
    columns=(
        Column(
            "due", _("Answer due"), lambda row: ui.sla(row.item.due_at, row.item.opened_at, row.now) if row.item.state in {"inquiry", "opened"} else "–",
            ("due",), "a-sla", export=moment(lambda row: row.item.due_at),
        ),
        PLAYER, AMOUNT, Column("reason", _("Reason"), lambda row: reason(row.item), css="a-m", export=text(lambda row: row.item.reason)),
        Column("deposit", _("Deposit"), lambda row: deposit(row.item), css="a-x", export=text(lambda row: row.item.deposit.name)),
        Column("provider", _("Provider"), lambda row: row.item.provider.capitalize(), css="a-x"), BRAND,
        moment_of("opened", _("Opened"), "opened_at", ("-opened",)), state_of(chargeback_badge), Column("who", _("Who"), cells.who, css="a-who", export=WHO),
    ),
    also_exported=(
        ExportColumn("chargeback", _("Chargeback"), text(lambda row: row.item.name)),
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("dispute_id", _("Provider's name for it"), text(lambda row: row.item.dispute_id)),
        ExportColumn("closed", _("Closed"), moment(lambda row: row.item.closed_at)),
    ),
    figures=(Figure("open", _("To answer")), Figure("late", _("Overdue")), Figure("defended", _("Defended"), _("the bank decides"))),
    verbs=bulk.standard(chargebacks.SUBJECT, chargebacks.WORK), escalates_to=("fraud", "head-of-payments"), icon="flag",
    facts=(
        (_("Player"), owner), (_("Amount"), lambda row: money.write(row.amount, row.currency)),
        (_("Deposit"), deposit), (_("Paid with"), lambda row: str(row.deposit.instrument)), (_("Reason"), reason),
        (_("Provider"), lambda row: row.provider.capitalize()), (_("Provider's name for it"), lambda row: row.dispute_id),
        (_("Opened"), lambda row: row.opened_at), (_("Evidence due"), lambda row: row.evidence_due_at or _("not said")),
        (_("Provider's fee"), lambda row: money.write(row.fee, row.currency) if row.fee else "–"),
        (_("Where the money is"), lambda row: _("with the bank") if row.taken else _("on the player's account")),
        (_("State"), lambda row: cells.badge(**chargeback_badge(row.state))),
        (_("Decided by"), lambda row: row.decided_by.name if row.decided_by else "–"), (_("Note"), lambda row: row.note or "–"),
    ),
    checks=checks, leads=leads, lock=lambda row: locks.player(row.player_id),
    outcomes=(
        Outcome(
            "defended", _("Defended"), "d", _act(chargebacks.defend),
            _("you have handed evidence in at the provider, as your note says; the bank decides, and the money stays there until then"), _("Defended"),
            needs_note=True, fits=lambda row: CHARGEBACK.allows(row, "defended"),
        ),
        Outcome(
            "accepted", _("Let it go"), "l", _act(chargebacks.accept),
            _("nothing is handed in; the money stays with the bank, and what the player owes stays on their cash"), _("Let go"), needs_note=True,
            fits=lambda row: CHARGEBACK.allows(row, "accepted"),
        ),
    ),
    no_match=_("No chargebacks match"), label_of=lambda row: row.name, of_player="player_id", glance=("payments.view_status",),
    summary=lambda row: str(money.write(row.amount, row.currency)),
)  # fmt: skip
