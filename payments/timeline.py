"""Payments in a player's timeline: a sentence for each of their facts, and what falls due."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.lifecycles import TO_DECIDE
from payments.models import Chargeback, Deposit, Refund, Withdrawal
from payments.panels import STATUS
from payments.selectors import decision
from players.panels import Looking
from players.timeline import declared
from players.timeline.declared import About, Coming, Said


def _reason(code: str) -> str:
    return next((reason.label for codes in decision.reasons().values() for reason in codes if reason.code == code), code)


def _told(kind: str, text: object, *, tone: str = "", icon: str = "") -> Said:
    """Whoever sees the status of payments sees what happened; why it was decided so is for who sees payments."""
    return Said(
        type=kind, category="payments", text=text, tone=tone, icon=icon or ("withdraw" if kind.startswith("withdrawal") else "deposit"),  # type: ignore[arg-type]
        permission=STATUS, judged="payments.view", reason=_reason,
    )  # fmt: skip


def _withdrawals(ids: Sequence[int]) -> Mapping[int, tuple[Decimal, str]]:
    return {pk: (amount, currency) for pk, amount, currency in Withdrawal.objects.filter(pk__in=ids).values_list("pk", "amount", "currency")}


def _deposits(ids: Sequence[int]) -> Mapping[int, tuple[Decimal, str]]:
    return {pk: (amount, currency) for pk, amount, currency in Deposit.objects.filter(pk__in=ids).values_list("pk", "amount", "currency")}


def _refunds(ids: Sequence[int]) -> Mapping[int, tuple[Decimal, str]]:
    return {pk: (amount, currency) for pk, amount, currency in Refund.objects.filter(pk__in=ids).values_list("pk", "amount", "currency")}


def _chargebacks(ids: Sequence[int]) -> Mapping[int, tuple[Decimal, str]]:
    return {pk: (amount, currency) for pk, amount, currency in Chargeback.objects.filter(pk__in=ids).values_list("pk", "amount", "currency")}


def coming(looking: Looking) -> Iterable[Coming]:
    """Deadlines of withdrawals that wait, and ends of holds."""
    may_open = looking.may("payments.view")
    rows = Withdrawal.objects.visible_to(looking.staff).filter(player_id=looking.player.pk, state__in=TO_DECIDE).order_by("due_at", "pk")[:20]
    for row in rows:
        url = reverse("payments:withdrawal", args=[row.pk]) if may_open else ""
        yield Coming(row.due_at, _("%(name)s falls due") % {"name": row.name}, "withdraw", url)
        if row.state == "held" and row.held_until is not None:
            yield Coming(row.held_until, _("%(name)s: the hold ends") % {"name": row.name}, "pause", url)


def plug_in() -> None:
    _l = gettext_lazy
    declared.register(
        About(
            type="payments.withdrawal",
            name=lambda pk: f"WD-{pk}",
            url=lambda pk: reverse("payments:withdrawal", args=[pk]),
            permission="payments.view",
            amounts=_withdrawals,
        ),
        About(
            type="payments.deposit",
            name=lambda pk: f"DP-{pk}",
            url=lambda pk: reverse("payments:deposit", args=[pk]),
            permission="payments.view",
            amounts=_deposits,
        ),
        About(
            type="payments.refund",
            name=lambda pk: f"RF-{pk}",
            url=lambda pk: reverse("payments:refund", args=[pk]),
            permission="payments.view",
            amounts=_refunds,
        ),
        About(
            type="payments.chargeback",
            name=lambda pk: f"CB-{pk}",
            url=lambda pk: reverse("payments:chargeback", args=[pk]),
            permission="payments.view",
            amounts=_chargebacks,
        ),
        About(
            type="payments.paymentexception", name=lambda pk: f"PX-{pk}", url=lambda pk: reverse("payments:exception", args=[pk]), permission="payments.view"
        ),
        _told("refund.approved", _l("%(subject)s: a refund of %(deposit)s asked for"), icon="undo"),
        _told("refund.sent", _l("%(subject)s sent to the provider"), icon="undo"),
        _told("refund.paid", _l("%(subject)s refunded"), tone="success", icon="undo"),
        _told("refund.failed", _l("%(subject)s could not be refunded"), tone="critical", icon="undo"),
        _told("refund.unknown", _l("%(subject)s: the provider has not answered"), tone="attention", icon="undo"),
        _told("refund.found_at_provider", _l("%(subject)s found at the provider"), icon="undo"),
        _told("refund.unasked", _l("%(subject)s: %(deposit)s was refunded at the provider"), tone="attention", icon="undo"),
        _told("chargeback.inquiry", _l("%(subject)s: the bank asks about a deposit"), tone="attention", icon="flag"),
        _told("chargeback.opened", _l("%(subject)s: the bank took a deposit back"), tone="critical", icon="flag"),
        _told("chargeback.defended", _l("%(subject)s defended"), tone="info", icon="flag"),
        _told("chargeback.accepted", _l("%(subject)s let go"), icon="flag"),
        _told("chargeback.won", _l("%(subject)s won"), tone="success", icon="flag"),
        _told("chargeback.lost", _l("%(subject)s lost"), tone="critical", icon="flag"),
        _told("paymentexception.opened", _l("%(subject)s: %(payment)s needs somebody"), tone="attention", icon="warn"),
        _told("paymentexception.resolved", _l("%(subject)s resolved"), icon="check"),
        _told("paymentexception.obsolete", _l("%(subject)s settled by itself"), icon="check"),
        _told("deposit.initiated", _l("%(subject)s begun")),
        _told("deposit.authorised", _l("%(subject)s authorised by the provider")),
        _told("deposit.captured", _l("%(subject)s captured"), tone="info"),
        _told("deposit.captured_late", _l("%(subject)s captured after it had been given up"), tone="attention"),
        _told("deposit.credited", _l("%(subject)s credited"), tone="success"),
        _told("deposit.failed", _l("%(subject)s declined"), tone="critical"),
        _told("deposit.expired", _l("%(subject)s given up"), tone="attention"),
        _told("deposit.unknown", _l("%(subject)s: the provider has not answered"), tone="attention"),
        _told("deposit.found_at_provider", _l("%(subject)s found at the provider")),
        _told("deposit.reversed", _l("%(subject)s sent back"), tone="warning"),
        _told("deposit.charged_back", _l("%(subject)s charged back"), tone="critical"),
        _told("deposit.chargeback_won", _l("%(subject)s: the chargeback was won"), tone="success"),
        _told("deposit.contradicted", _l("%(subject)s: the provider says %(provider_says)s, which does not fit"), tone="attention"),
        _told("player.cash_below_zero", _l("%(subject)s took cash below zero"), tone="critical", icon="warn"),
        _told("withdrawal.requested", _l("%(subject)s requested"), tone="info"),
        _told("withdrawal.held", _l("%(subject)s put on hold"), tone="attention", icon="pause"),
        _told("withdrawal.awaiting_second", _l("%(subject)s waits for a second approval")),
        _told("withdrawal.approved_first", _l("%(subject)s approved once"), tone="info", icon="check"),
        _told("withdrawal.approved", _l("%(subject)s approved"), tone="success", icon="check"),
        _told("withdrawal.approval_undone", _l("%(subject)s: the approval was undone"), icon="undo"),
        _told("withdrawal.rejected", _l("%(subject)s not approved"), tone="critical", icon="ban"),
        _told("withdrawal.sent_back", _l("%(subject)s put back into the queue"), icon="undo"),
        _told("withdrawal.cancelled", _l("%(subject)s taken back by the player"), icon="undo"),
        _told("withdrawal.sent", _l("%(subject)s sent to the provider"), tone="info"),
        _told("withdrawal.settled", _l("%(subject)s paid"), tone="success"),
        _told("withdrawal.returned", _l("%(subject)s sent back by the bank"), tone="warning"),
        _told("withdrawal.failed", _l("%(subject)s could not be paid"), tone="critical"),
        _told("withdrawal.unknown", _l("%(subject)s: the provider has not answered"), tone="attention"),
        _told("withdrawal.back_in_queue", _l("%(subject)s is to be decided again"), icon="undo"),
        _told("withdrawal.found_at_provider", _l("%(subject)s found at the provider")),
        _told("withdrawal.late_news", _l("%(subject)s: late news about an earlier attempt"), tone="attention"),
    )
    declared.register_coming("payments.due", coming, permission=STATUS)
