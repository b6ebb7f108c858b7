"""How money in motion stands: what is due, and what providers told us."""

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.operations.metrics import house
from backoffice.operations.probes import certificates
from backoffice.runtime import probes
from backoffice.runtime.probes import COUNT, Found, Probe, moment
from payments.providers import registry


def unhandled() -> Found:
    """Messages of providers that were tried and could not be handled yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM payments_webhookevent WHERE handled_at IS NULL AND tries > 0")
        (count,) = cursor.fetchone()
        cursor.execute("SELECT provider, received_at FROM payments_webhookevent ORDER BY received_at DESC LIMIT 1")
        last = cursor.fetchone()
    if last is None:
        return Found(count, gettext_noop("None has ever come."))
    return Found(count, gettext_noop("The last came %(came_at)s from %(provider)s."), {"came_at": moment(last[1]), "provider": last[0]})


def register() -> None:
    # What a mode holds back is not late.
    sendable = "next_attempt_at IS NOT NULL AND NOT (state = 'approved' AND EXISTS (SELECT FROM operations_mode WHERE mode <> 'normal'))"
    probes.queue("queue.payouts", _("Payouts"), table="payments_withdrawal", where=sendable, warning=30, failing=120)
    probes.queue("queue.deposits", _("Deposits"), table="payments_deposit", where="next_attempt_at IS NOT NULL", warning=30, failing=120)
    probes.queue("queue.provider_webhooks", _("News of providers"), table="payments_webhookevent", where="handled_at IS NULL", warning=30, failing=120)
    probes.register(
        Probe(
            "webhooks.incoming", _("News of providers that cannot be handled"), "outside", COUNT, unhandled,
            _("Messages of providers that came in and could not be acted on when they were tried."),
            _("Look at what the workers log for them. A payment that is not here yet is normal for a moment; money is asked about anyway."), 5, 50,
        )
    )  # fmt: skip
    certificates.watch(registry.addresses)
    house.register(
        # Through the indexes of what is in motion; what has ended is counted by its facts (countroom_facts_total).
        house.Figure(
            "countroom_payments_open", "Payments that have not ended, by kind and state", ("kind", "state"),
            "SELECT 'withdrawal', s.state, count(w.id) FROM unnest(ARRAY['requested','held','awaiting_second','approved','sent','unknown','failed'])"
            " s (state) LEFT JOIN payments_withdrawal w ON w.state = s.state GROUP BY 2"
            " UNION ALL SELECT 'deposit', state, count(*) FROM payments_deposit WHERE next_attempt_at IS NOT NULL GROUP BY 2",
        ),
        house.Figure(
            "countroom_provider_webhooks_open", "News of providers that has not been handled, by provider and whether it was tried", ("provider", "tried"),
            "SELECT provider, tries > 0, count(*) FROM payments_webhookevent WHERE handled_at IS NULL GROUP BY 1, 2",
        ),
    )  # fmt: skip
