"""How payments and ledger postings are found, and what the palette offers on a withdrawal's page.

Whoever sees the status of payments only gets the same rows without how they were paid and without a page to decide on.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.search import registry
from backoffice.search.asking import Question, numbered
from backoffice.search.registry import COUNT_CAP, PAYMENTS, Column, Hit, Operator, Provider, Window
from backoffice.ui import money, numbers
from backoffice.ui.templatetags import ui
from backoffice.work import cells, noted
from payments.badges import badge, deposit_badge
from payments.lifecycles import TO_DECIDE
from payments.models import Deposit, Payment, Withdrawal
from payments.queues import SUBJECT
from payments.selectors import decision
from players import search as players
from wallet.kinds import Reference
from wallet.models import Transaction

STATUS = ("payments.view", "payments.view_status")
TO_COME = ("initiated", "authorised", "captured", "unknown")  # a deposit that nobody knows the end of yet
LEAST_OF_AN_ID = 4  # characters from which a provider's id is searched by its beginning
OPERATORS = players.OPERATORS | {"tx", "is"}


def _payments(model: type[Any], prefix: str, own: str, states: Callable[[str, Any], Q], question: Question, window: Window) -> QuerySet[Any] | None:
    """Payments that fulfil the question, at most the window's cap; None when it does not speak of any."""
    visible = model.objects.visible_to(question.staff)
    if question.words:
        return _by_word(visible, prefix, question, window)
    rows = visible
    for value in question.values.get(own, ()):
        rows = rows.filter(pk=int(value))
    for value in question.values.get("tx", ()):
        if value.isdigit():
            return None  # a number is a posting of the ledger
        rows = _by_reference(rows, prefix, value, question, window)
    if (chosen := players.players_of(question)) is not None:
        rows = rows.filter(player_id__in=chosen.values("pk")[:COUNT_CAP])
    if (instruments := players.instruments_of(question)) is not None:
        rows = rows.filter(instrument_id__in=instruments.values("pk")[:COUNT_CAP])
    for value in question.values.get("is", ()):
        rows = rows.filter(states(value, question.now))
    if set(question.values) == {own}:
        return rows
    # Without order inside: a plan that walks the newest payments in the hope of a match would read all of them.
    inside = rows.order_by("due_at", "pk") if set(question.values) == {"is"} and model is Withdrawal else rows.order_by()
    return model.objects.filter(pk__in=inside.values("pk")[: window.cap])


def _by_word(rows: QuerySet[Any], prefix: str, question: Question, window: Window) -> QuerySet[Any] | None:
    """One word that is no name: a number, our reference, or the beginning of the provider's id."""
    word = question.words[0]
    if question.number is not None:
        return rows.filter(pk=question.number)
    if len(question.words) > 1 or len(word) < LEAST_OF_AN_ID or not any(character.isdigit() or character in "-_" for character in word):
        return None
    return _by_reference(rows, prefix, word, question, window)


def _by_reference(rows: QuerySet[Any], prefix: str, text: str, question: Question, window: Window) -> QuerySet[Any]:
    """Our references begin with the payment's name (WD-12-1-...), so that one that was cut off is found too."""
    parts = text.upper().split("-")
    if f"{parts[0]}-" == prefix and len(parts) > 1 and numbers.is_id(parts[1]):
        return rows.filter(pk=int(parts[1]), reference__istartswith=text)
    return players.starting(rows, "provider_id", text, staff=question.staff, cap=window.cap)


def _why(payment: Payment, question: Question) -> str:
    if not question.words:
        return question.why()
    if question.number is not None:
        return _("its number")
    return _("our reference") if payment.reference.upper().startswith(question.phrase.upper()) else _("the provider's id")


def _hit(row: Any, question: Question, *, state: dict[str, Any], url: str, full: bool) -> Hit:
    amount, pays = str(money.write(row.amount, row.currency)), question.staff.may("players.view_instruments")
    return Hit(
        row.player.name, url, _why(row, question), str(row.pk), row.name, " · ".join([amount, state["label"], *([str(row.instrument)] if pays else [])]),
        lambda: (
            cells.badge(**state), ui.money(row.amount, row.currency), str(row.instrument), row.brand.name, ui.moment(row.requested_at, "short"),
            row.provider_id,
        ),
        exact=full or question.number == row.pk, player_id=row.player_id, brand_id=row.brand_id,
    )  # fmt: skip


def _read(rows: QuerySet[Any] | None, window: Window) -> list[Any]:
    """The newest first."""
    return [] if rows is None else sorted(rows.select_related("player", "instrument", "brand")[: window.cap], key=lambda row: -row.pk)


COLUMNS = (
    Column(gettext_lazy("State")), Column(gettext_lazy("Amount"), numeric=True), Column(gettext_lazy("Instrument"), "players.view_instruments"),
    Column(gettext_lazy("Brand")), Column(gettext_lazy("Requested")), Column(gettext_lazy("Provider's id"), "payments.view"),
)  # fmt: skip


def _withdrawal_state(word: str, now: Any) -> Q:
    return Q(state__in=TO_DECIDE, due_at__lt=now) if word == "late" else Q(state__in=TO_DECIDE)


def _deposit_state(word: str, _now: Any) -> Q:
    return Q(pk__in=[]) if word == "late" else Q(state__in=TO_COME)


def withdrawals(question: Question, window: Window) -> Sequence[Hit]:
    whole, full = question.staff.may("payments.view"), question.values.keys() == {"wd"}
    return [
        _hit(
            row, question, state=badge(row.state), full=full,
            url=reverse("payments:withdrawal", args=[row.pk]) if whole else registry.results_of(row.name),
        )
        for row in _read(_payments(Withdrawal, "WD-", "wd", _withdrawal_state, question, window), window)
    ]  # fmt: skip


def deposits(question: Question, window: Window) -> Sequence[Hit]:
    whole, full = question.staff.may("payments.view"), question.values.keys() == {"dp"}
    return [
        _hit(
            row, question, state=deposit_badge(row.state), full=full,
            url=reverse("payments:deposit", args=[row.pk]) if whole else registry.results_of(row.name),
        )
        for row in _read(_payments(Deposit, "DP-", "dp", _deposit_state, question, window), window)
    ]  # fmt: skip


def postings(question: Question, window: Window) -> Sequence[Hit]:
    """Transactions of the ledger by their number."""
    wanted = question.number if question.words else None
    values = question.values.get("tx", ())
    if values:
        wanted = int(values[0]) if len(values) == 1 and values[0].isdigit() else None
    if wanted is None:
        return []
    return [_posting(row, question) for row in Transaction.objects.filter(brand_id__in=question.staff.reach(), pk=wanted)[: window.cap]]


def _posting(row: Transaction, question: Question) -> Hit:
    return Hit(
        str(row.get_kind_display()), _posting_url(row, question.staff), question.why() or _("its number"), str(row.pk), f"TX-{row.pk}",
        cells=lambda: (ui.moment(row.effective_at, "short"), f"#{row.player_id}" if row.player_id else "", row.key), exact=True, player_id=row.player_id,
        brand_id=row.brand_id,
    )  # fmt: skip


def _posting_url(row: Transaction, staff: Any) -> str:
    if row.reference_type == Reference.WITHDRAWAL and row.reference_id and staff.may("payments.view"):
        return reverse("payments:withdrawal", args=[row.reference_id]) + "#postings"
    return registry.results_of(f"TX-{row.pk}")


def actions(request: HttpRequest, arguments: dict[str, Any], query: str) -> Iterable[Hit]:
    """On a withdrawal's page: choose an outcome, or go to the button that claims or assigns. Nothing is decided by it."""
    staff = request.user
    if not staff.may("payments.decide") and not staff.may("payments.approve_second"):  # type: ignore[union-attr]
        return
    try:
        withdrawal = decision.get(staff, arguments["pk"])
    except Withdrawal.DoesNotExist:
        return
    page, kept = reverse("payments:withdrawal", args=[withdrawal.pk]), QueryDict(query, mutable=True)
    kept.pop("outcome", None)

    def at(place: str, **chosen: str) -> str:
        kept_and_chosen = kept.copy()
        kept_and_chosen.update(chosen)
        return f"{page}{'?' if kept_and_chosen else ''}{kept_and_chosen.urlencode()}#{place}"

    for outcome, label in decision.outcomes(withdrawal, staff):
        yield Hit(f"{label}: {withdrawal.name}", at("decide", outcome=outcome), _("chooses it; you decide"), outcome, icon=ICONS.get(outcome, "check"))
    if staff.may("payments.decide"):  # type: ignore[union-attr]
        yield Hit(f"{_('Assign to me')}: {withdrawal.name}", at("take-it"), _("goes to the button"), "assign", icon="user")
        if withdrawal.state in TO_DECIDE and noted.of(SUBJECT, [withdrawal.pk], now=timezone.now())[withdrawal.pk].claim is None:
            yield Hit(f"{_('Claim')}: {withdrawal.name}", at("claim-it"), _("goes to the button"), "claim", icon="flag")


ICONS = {"approved": "check", "rejected": "x", "held": "clock", "returned": "back"}


def plug_in() -> None:
    _l = gettext_lazy
    registry.register_actions("payments:withdrawal", actions)
    registry.register(
        Operator(name="wd", label=_l("a withdrawal"), example="WD-81724", why=_l("its number"), permissions=STATUS, jumps=True, **numbered("WD-")),
        Operator(name="dp", label=_l("a deposit"), example="DP-51230", why=_l("its number"), permissions=STATUS, jumps=True, **numbered("DP-")),
        Operator(
            name="tx", label=_l("a posting of the ledger by number; our reference or the provider's id"), example="TX-90412", why=_l("its number or reference"),
            permissions=(*STATUS, "wallet.view"), jumps=True, read=lambda text: text.upper().removeprefix("TX-") if text[:3].upper() == "TX-" else text,
            shape=numbered("TX-")["shape"],
        ),
        Provider(
            code="withdrawals", label=_l("Withdrawals"), order=PAYMENTS, icon="withdraw", find=withdrawals, permissions=STATUS,
            operators=OPERATORS | {"wd"}, words=True, columns=COLUMNS,
        ),
        Provider(
            code="deposits", label=_l("Deposits"), order=PAYMENTS + 1, icon="deposit", find=deposits, permissions=STATUS,
            operators=OPERATORS | {"dp"}, words=True, columns=COLUMNS,
        ),
        Provider(
            code="postings", label=_l("Ledger"), order=PAYMENTS + 2, icon="book", find=postings, permissions=("wallet.view",),
            operators=frozenset({"tx"}), words=True, columns=(Column(_l("When")), Column(_l("Player")), Column(_l("Key"))),
        ),
    )  # fmt: skip
