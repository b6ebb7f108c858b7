"""The withdrawal queue, declared: its views, filters, columns and verbs. The list itself is the kit's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.audit.lifecycle import NotAllowed
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import amount, mask_name, moment, personal, text, whole
from backoffice.ui import money, numbers
from backoffice.ui.templatetags import ui
from backoffice.work import bulk, cells, idempotency
from backoffice.work.checks import FAIL, WARN
from backoffice.work.exports import WHO
from backoffice.work.items import NotPossible
from backoffice.work.narrowing import Amount, Choice, During, Search, Tab
from backoffice.work.queues import Column, Done, Figure, Queue, Row, Verb
from payments import checks, limits
from payments.badges import badge
from payments.lifecycles import TO_DECIDE, WITHDRAWAL
from payments.models import Withdrawal
from payments.services import ReasonRequired, SecondPersonNeeded, StaleDecision
from payments.services.withdrawals import approve_withdrawal
from players.folding import Folded
from players.lists import PLAYERS
from wallet import rates
from wallet.models import Currency

SUBJECT = "payments.withdrawal"
IN_FLIGHT = ("approved", "sent", "unknown", "failed")
KINDS = (("card", gettext_lazy("Card")), ("bank", gettext_lazy("Bank account")), ("wallet", gettext_lazy("Wallet")), ("crypto", gettext_lazy("Crypto")))
STATES_OF = {"second": ("awaiting_second",), "held": ("held",), "flight": IN_FLIGHT, "all": tuple(WITHDRAWAL.states)}


def search(rows: QuerySet[Withdrawal], text: str) -> QuerySet[Withdrawal]:
    """By withdrawal or player number, name, our reference, last four."""
    bare = text.upper().removeprefix("WD-").removeprefix("#")
    if numbers.is_id(bare):
        ours, theirs = Q(pk=int(bare)), Q(player_id=int(bare))
        return rows.filter(ours | theirs if text.isdigit() else ours if text.upper().startswith("WD-") else theirs)
    name = Folded(Concat("player__first_name", Value(" "), "player__last_name"))
    return rows.annotate(player_name=name).filter(Q(player_name__contains=Folded(Value(text))) | Q(reference__iexact=text) | Q(instrument__last4=text))


_codes: list[tuple[str, str]] = []


def currencies(_tab: Tab) -> list[tuple[str, str]]:
    """Those that are set up: they are only ever added to."""
    if not _codes:
        _codes.extend((code, code) for code in Currency.objects.values_list("code", flat=True))
    return _codes


def forget() -> None:
    _codes.clear()


def states(tab: Tab) -> list[tuple[str, Any]]:
    return [(state, badge(state)["label"]) for state in STATES_OF.get(tab.key, TO_DECIDE)]


def in_base(rows: Sequence[Withdrawal]) -> Mapping[int, tuple[Decimal, str]]:
    """Approximate amounts in the brand's base currency, for rows in another one."""
    found: dict[int, tuple[Decimal, str]] = {}
    for row in rows:
        if row.currency == row.brand.base_currency:
            continue
        converted = rates.convert(row.amount, row.currency, row.brand.base_currency)
        if converted is not None:
            found[row.pk] = (converted[0], row.brand.base_currency)
    return found


def _due(row: Row) -> SafeString | str:
    if row.item.state in TO_DECIDE:
        return ui.sla(row.item.due_at, row.item.requested_at, row.now)
    return format_html('<span class="t3">{}</span>', ui.moment(row.item.due_at, "short", True))


def _base(row: Row) -> SafeString | str:
    if not row.extra:
        return ""
    return format_html('<span title="{}">≈&nbsp;{}</span>', _("At the latest rate"), ui.money(*row.extra))


def _state(row: Row) -> SafeString:
    claimed = row.noted.claim is not None and row.item.state == "requested"
    return cells.badge(**badge("claimed" if claimed else row.item.state))


def low_risk(row: Withdrawal, _staff: Any) -> str:
    """Why a withdrawal is not for approval in bulk, or "". Only what every check passes, below the limit."""
    if row.state != "requested":
        return str(badge(row.state)["label"])
    if row.amount > limits.four_eyes(brand_id=row.brand_id, currency=row.currency):
        return _("above the limit")
    hits = [result.title for result in checks.run_all(checks.Case(row, timezone.now())) if result.state in {FAIL, WARN}]
    return ", ".join(hits[:2])


def _approve(row: Withdrawal, *, by: Any, now: datetime, values: Mapping[str, Any], key: str) -> Done:
    try:
        approve_withdrawal(withdrawal_id=row.pk, version=row.version, key=key, by=by, reason_code="CHECKS_OK", note="", now=now)
    except StaleDecision:
        return Done("skipped", _("Somebody else decided it."))
    except (ReasonRequired, SecondPersonNeeded, NotAllowed, NotPossible, idempotency.KeyReused) as why:
        return Done("skipped", str(why))
    return Done("done")


WITHDRAWALS = Queue(
    subject=SUBJECT,
    title=gettext_lazy("Withdrawals"),
    plural="withdrawals",
    singular="withdrawal",
    namespace="payments",
    rows_model=Withdrawal,
    rows=Withdrawal.objects.visible_to,
    view="payments.view",
    work="payments.decide",
    open=Q(state__in=TO_DECIDE),
    due="due_at",
    of_player="player_id",
    glance=("payments.view_status",),
    summary=lambda row: str(money.write(row.amount, row.currency)),
    related=("player", "instrument", "brand"),
    tabs=(
        Tab("open", gettext_lazy("To decide"), Q(state__in=TO_DECIDE)),
        Tab("mine", gettext_lazy("Mine"), Q(state__in=TO_DECIDE), mine=True),
        Tab("late", gettext_lazy("Late"), lambda now: Q(state__in=TO_DECIDE, due_at__lt=now)),
        Tab("second", gettext_lazy("Awaiting 2nd"), Q(state="awaiting_second")),
        Tab("held", gettext_lazy("Held"), Q(state="held")),
        Tab("snoozed", gettext_lazy("Snoozed"), Q(state__in=TO_DECIDE), snoozed=True),
        Tab("flight", gettext_lazy("In flight"), Q(state__in=IN_FLIGHT), awake=False),
        Tab("all", gettext_lazy("All"), Q(state__in=WITHDRAWAL.states), awake=False, counted=False, sort="-requested"),
    ),
    filters=(
        Search("q", gettext_lazy("Player, id or last four"), find=search),
        Choice("kind", gettext_lazy("Method"), "instrument__kind", lambda _tab: KINDS, gettext_lazy("Any method"), dict(KINDS).__contains__),
        Choice("currency", gettext_lazy("Currency"), "currency", currencies, gettext_lazy("Any currency"), lambda code: code.isalnum() and len(code) <= 10),
        Choice("state", gettext_lazy("State"), "state", states, gettext_lazy("Any state"), WITHDRAWAL.states.__contains__),
        Amount("least", gettext_lazy("At least")),
        Amount("most", gettext_lazy("At most"), least=False),
        During("due", gettext_lazy("Due"), field="due_at"),
        During("settled", gettext_lazy("Paid"), field="settled_at"),
        PLAYERS,
    ),
    sorts={"due": ("due_at", "id"), "-amount": ("-amount", "-id"), "amount": ("amount", "id"), "-requested": ("-requested_at", "-id")},
    order="due",
    columns=(
        Column("due", gettext_lazy("SLA due"), _due, ("due",), "a-sla", export=moment(lambda row: row.item.due_at)),
        Column(
            "player",
            gettext_lazy("Player"),
            lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=row.item.name),
            css="a-id",
            export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column(
            "amount",
            gettext_lazy("Amount"),
            lambda row: ui.money(row.item.amount, row.item.currency),
            ("-amount", "amount"),
            "a-amt",
            numeric=True,
            export=amount(lambda row: (row.item.amount, row.item.currency)),
        ),
        Column("base", gettext_lazy("In base"), _base, css="a-eur t2", numeric=True, export=amount(lambda row: row.extra)),
        Column("method", gettext_lazy("Method"), lambda row: str(row.item.instrument), css="a-m"),
        Column("brand", gettext_lazy("Brand"), lambda row: row.item.brand.name, css="a-x"),
        Column(
            "requested",
            gettext_lazy("Requested"),
            lambda row: ui.moment(row.item.requested_at, "short", True),
            ("-requested",),
            "a-x t2",
            export=moment(lambda row: row.item.requested_at),
        ),
        Column("state", gettext_lazy("State"), _state, css="a-state", export=text(lambda row: row.item.state)),
        Column("who", gettext_lazy("Who"), cells.who, css="a-who", export=WHO),
    ),
    also_exported=(
        ExportColumn("player_id", gettext_lazy("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("decided_at", gettext_lazy("Decided"), moment(lambda row: row.item.decided_at)),
        ExportColumn("reason", gettext_lazy("Reason code"), text(lambda row: row.item.reason_code)),
        ExportColumn("reference", gettext_lazy("Reference"), text(lambda row: row.item.reference)),
    ),
    figures=(
        Figure("open", gettext_lazy("To decide")),
        Figure("late", gettext_lazy("Late")),
        Figure("second", gettext_lazy("Awaiting second approval")),
        Figure("flight", gettext_lazy("In flight"), gettext_lazy("approved, sent, unknown or failed")),
    ),
    prepare=in_base,
    verbs=(
        *bulk.standard(SUBJECT, "payments.decide"),
        Verb("approve", gettext_lazy("Approve low risk"), _approve, excluded=low_risk, money=True, decides=True),
    ),
    escalates_to=("payments-l2", "head-of-payments", "fraud", "compliance"),
    icon="withdraw",
    no_match=gettext_lazy("No withdrawals match"),
    label_of=lambda row: row.name,
)
