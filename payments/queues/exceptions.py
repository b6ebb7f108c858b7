"""Payments that went another way than they should have, each with what to do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import amount, moment, text, whole
from backoffice.ui import money, words
from backoffice.ui.templatetags import ui
from backoffice.work import bulk, cells
from backoffice.work.exports import WHO
from backoffice.work.items import NotPossible
from backoffice.work.narrowing import Choice, During, Search, Tab, number_in
from backoffice.work.queues import Column, Figure, Outcome, Queue
from payments.badges import exception_badge
from payments.models import PaymentException, WebhookEvent
from payments.models import exceptions as kinds
from payments.queues.common import AMOUNT, BRAND, PLAYER, moment_of, owner, state_of
from payments.queues.withdrawals import currencies
from payments.services import exceptions
from players import locks
from players.lists import PLAYERS
from wallet.ledger import InsufficientFunds

OPEN = Q(state="open")
TYPES = {f"{prefix}-": of for of, prefix in kinds.PREFIXES.items()}
SUGGESTED = {
    kinds.STUCK: _("Ask the provider; when it does not move, tell the provider's support."),
    kinds.UNKNOWN: _("Ask the provider. It is never sent again before the answer is known."),
    kinds.RETURNED: _("Ask the player for another account; the amount is back on their cash."),
    kinds.MISMATCH: _("Credit what came in, or give it back."),
    kinds.LATE: _("It was credited. Look whether the player paid again meanwhile, and refund that one if they want it."),
    kinds.TWICE: _("Ask the player: credit the second payment too, or give it back."),
    kinds.GIVEN_UP: _("Do not send it again. Settle with the provider what left, then decide the withdrawal."),
    kinds.CONTRADICTED: _("Compare with the provider's portal; nothing here was changed."),
    kinds.UNASKED: _("Find out who refunded it at the provider. It is booked, and cash may be below zero."),
    kinds.REFUND_FAILED: _("The money is the player's again. Refund another way, or tell the player."),
}


def search(rows: QuerySet[PaymentException], typed: str) -> QuerySet[PaymentException]:
    """By exception, payment or player number, or our reference."""
    for prefix, of in TYPES.items():
        number = number_in(typed, prefix) if typed.upper().startswith(prefix) else None
        if number is not None:
            return rows.filter(payment_type=of, payment_id=number)
    if typed.startswith("#"):
        return rows.filter(player_id=number_in(typed, "#") or 0)
    number = number_in(typed, "PX-")
    return rows.filter(Q(reference__iexact=typed) | (Q(pk=number) if number is not None else Q(pk=None)))


def address(row: PaymentException | WebhookEvent) -> str:
    """The page of the payment that it is about."""
    return reverse(f"payments:{row.payment_type}", args=[row.payment_id])


def payment(row: PaymentException) -> Any:
    return format_html('<a href="{}">{}</a>', address(row), row.payment_name)


def _act(service: Callable[..., Any]) -> Callable[..., None]:
    def act(row: PaymentException, *, by: Any, now: datetime, note: str) -> None:
        try:
            service(exception_id=row.pk, by=by, now=now, note=note)
        except (NotAllowed, Stale, InsufficientFunds) as refused:
            raise NotPossible(str(refused)) from refused

    return act


def leads(row: PaymentException, staff: Any) -> Sequence[tuple[Any, str]]:
    return [(row.payment_name, address(row))]


EXCEPTIONS = Queue(
    subject=exceptions.SUBJECT, title=_("Exceptions"), plural="exceptions", singular="exception", namespace="payments", rows_model=PaymentException,
    rows=PaymentException.objects.visible_to, view="payments.view", work="payments.decide", open=OPEN, is_open=lambda row: row.state == "open",
    due="due_at", related=("player", "brand", "resolved_by"),
    tabs=(
        Tab("open", _("Open"), OPEN), Tab("mine", _("Mine"), OPEN, mine=True), Tab("late", _("Overdue"), lambda now: OPEN & Q(due_at__lt=now)),
        Tab("money", _("Money waits"), OPEN & Q(waiting__gt=0)), Tab("snoozed", _("Snoozed"), OPEN, snoozed=True),
        Tab("all", _("All"), awake=False, counted=False, sort="-opened"),
    ),
    filters=(
        Search("q", _("DP-481, WD-481, RF-481, #player or reference"), find=search),
        Choice("kind", _("What happened"), "kind", lambda _tab: kinds.KINDS, _("Anything"), dict(kinds.KINDS).__contains__),
        Choice("currency", _("Currency"), "currency", currencies, _("Any currency"), lambda code: code.isalnum() and len(code) <= 10),  # noqa: PLR2004
        During("due", _("Due"), field="due_at"), During("opened", _("Opened"), field="opened_at"), PLAYERS,
    ),
    sorts={"due": ("due_at", "id"), "-opened": ("-opened_at", "-id")}, order="due",
    columns=(
        Column(
            "due", _("Due"), lambda row: ui.sla(row.item.due_at, row.item.opened_at, row.now) if row.item.state == "open" else "–", ("due",), "a-sla",
            export=moment(lambda row: row.item.due_at),
        ),
        PLAYER, Column("kind", _("What happened"), lambda row: row.item.get_kind_display(), css="a-m", export=text(lambda row: row.item.kind)), AMOUNT,
        Column(
            "waiting", _("Waits"), lambda row: ui.money(row.item.waiting, row.item.currency) if row.item.waiting else "–", css="a-x", numeric=True,
            export=amount(lambda row: (row.item.waiting, row.item.currency)),
        ),
        Column("payment", _("Payment"), lambda row: payment(row.item), css="a-x", export=text(lambda row: row.item.payment_name)),
        Column("provider", _("Provider"), lambda row: row.item.provider.capitalize(), css="a-x"), BRAND,
        moment_of("opened", _("Opened"), "opened_at", ("-opened",)), state_of(exception_badge), Column("who", _("Who"), cells.who, css="a-who", export=WHO),
    ),
    also_exported=(
        ExportColumn("exception", _("Exception"), text(lambda row: row.item.name)),
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("reference", _("Reference"), text(lambda row: row.item.reference)),
        ExportColumn("detail", _("Detail"), text(lambda row: row.item.detail)),
        ExportColumn("resolution", _("Resolution"), text(lambda row: row.item.resolution)),
        ExportColumn("resolved", _("Resolved"), moment(lambda row: row.item.resolved_at)),
    ),
    figures=(Figure("open", _("Open")), Figure("late", _("Overdue")), Figure("money", _("Money waits"), _("to be allotted"))),
    verbs=bulk.standard(exceptions.SUBJECT, "payments.decide"), escalates_to=("payments-l2", "head-of-payments", "fraud"), icon="warn",
    facts=(
        (_("What happened"), lambda row: row.get_kind_display()), (_("What to do"), lambda row: SUGGESTED[row.kind]), (_("Payment"), payment),
        (_("Player"), owner), (_("Amount"), lambda row: money.write(row.amount, row.currency)),
        (_("Waits to be allotted"), lambda row: money.write(row.waiting, row.currency) if row.waiting else "–"), (_("Detail"), lambda row: row.detail or "–"),
        (_("Provider"), lambda row: row.provider.capitalize()), (_("Reference"), lambda row: row.reference or "–"), (_("Opened"), lambda row: row.opened_at),
        (_("State"), lambda row: cells.badge(**exception_badge(row.state))),
        (_("Resolution"), lambda row: words.of(row.resolution) if row.resolution else "–"),
        (_("By"), lambda row: row.resolved_by.name if row.resolved_by else "–"), (_("Note"), lambda row: row.note or "–"),
    ),
    leads=leads, lock=lambda row: locks.player(row.player_id),
    outcomes=(
        Outcome(
            "asked", _("Ask the provider now"), "a", _act(exceptions.ask), _("a worker asks within seconds; when nothing comes of it, it stands here again"),
            _("Asked"), fits=lambda row: row.kind in {kinds.STUCK, kinds.UNKNOWN},
        ),
        Outcome(
            "credited", _("Credit to the player"), "c", _act(exceptions.credit), _("what waits is on the player's cash at once, and the player is told"),
            _("Credited"), needs_note=True, fits=lambda row: bool(row.waiting),
        ),
        Outcome(
            "given_back", _("Give it back"), "g", _act(exceptions.give_back), _("what waits goes back to where it came from, by a refund"), _("Given back"),
            needs_note=True, fits=lambda row: bool(row.waiting) and row.payment_type == "deposit",
        ),
        Outcome(
            "explained", _("Nothing to do"), "n", _act(exceptions.explain), _("it is closed with your note; no money moves"), _("Closed"), needs_note=True,
            fits=lambda row: not row.waiting,
        ),
    ),
    no_match=_("No exceptions match"), label_of=lambda row: row.name, of_player="player_id", glance=("payments.view_status",),
    summary=lambda row: str(row.get_kind_display()),
)  # fmt: skip
