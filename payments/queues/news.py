"""What providers sent, kept byte for byte, as a list to read and to export."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import moment, text
from backoffice.work.narrowing import Choice, During, Search, Tab, number_in
from backoffice.work.queues import Column, Queue, Row
from payments.models import WebhookEvent
from payments.providers import registry
from payments.queues.common import moment_of
from payments.queues.exceptions import TYPES, address

PERMISSION = "payments.view_raw"


def search(rows: QuerySet[WebhookEvent], typed: str) -> QuerySet[WebhookEvent]:
    """By our number, the payment, our reference, or the provider's name for it."""
    for prefix, of in TYPES.items():
        number = number_in(typed, prefix) if typed.upper().startswith(prefix) else None
        if number is not None:
            return rows.filter(payment_type=of, payment_id=number)
    number = number_in(typed, "PN-")
    return rows.filter(Q(event_id=typed) | Q(reference=typed) | (Q(pk=number) if number is not None else Q(pk=None)))


def payment(row: WebhookEvent) -> Any:
    return format_html('<a href="{}">{}</a>', address(row), row.payment_name) if row.payment_id else "–"


def opened(row: Row) -> SafeString:
    return format_html('<a class="id" href="{}">{}<span class="vh"> {}</span></a>', row.url, row.item.kind, row.item.name)


def providers(_tab: Tab) -> list[tuple[str, str]]:
    return [(code, code.capitalize()) for code in registry.codes()]


NEWS = Queue(
    subject="payments.webhookevent", title=_("Provider news"), plural="provider-news", singular="provider-message", namespace="payments",
    rows_model=WebhookEvent, rows=WebhookEvent.objects.visible_to, view=PERMISSION, icon="mail",
    opens=lambda row: reverse("payments:provider-message", args=[row.pk]),
    tabs=(
        Tab("all", _("All"), awake=False, counted=False), Tab("waiting", _("Not handled yet"), Q(handled_at=None), awake=False),
        Tab("strange", _("Not understood"), Q(kind__in=["unread", "unknown"]), awake=False, counted=False),
        Tab("lost", _("No payment here"), Q(payment_id=None, handled_at__isnull=False) & ~Q(kind__in=["unread", "unknown"]), awake=False, counted=False),
    ),
    filters=(
        Search("q", _("DP-481, reference or the provider's number"), find=search),
        Choice("provider", _("Provider"), "provider", providers, _("Any provider"), lambda code: code.isalnum() and len(code) <= 40),  # noqa: PLR2004
        During("received", _("Received"), field="received_at"),
    ),
    sorts={"-received": ("-received_at", "-id")}, order="-received",
    columns=(
        moment_of("received", _("Received"), "received_at", ("-received",), "a-sla t2"),
        Column("kind", _("Kind"), opened, css="a-id", export=text(lambda row: row.item.kind)),
        Column("provider", _("Provider"), lambda row: row.item.provider.capitalize(), css="a-m"),
        Column("payment", _("Payment"), lambda row: payment(row.item), css="a-x", export=text(lambda row: row.item.payment_name)),
        Column("outcome", _("What came of it"), lambda row: row.item.outcome or "–", css="a-x"), moment_of("handled", _("Handled"), "handled_at"),
    ),
    also_exported=(
        ExportColumn("event_id", _("Provider's number"), text(lambda row: row.item.event_id)),
        ExportColumn("reference", _("Reference"), text(lambda row: row.item.reference)),
        ExportColumn("tries", _("Tries"), text(lambda row: str(row.item.tries))),
        ExportColumn("next", _("Next try"), moment(lambda row: row.item.next_attempt_at)),
    ),
    empty=_("Nothing has come yet"), no_match=_("No news match"), label_of=lambda row: row.name,
)  # fmt: skip
