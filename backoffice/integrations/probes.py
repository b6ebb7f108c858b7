"""How webhooks to others stand: what waits, and which endpoints do not take them."""

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.integrations.models import Delivery
from backoffice.operations.metrics import house
from backoffice.runtime import probes
from backoffice.runtime.probes import COUNT, Found, Probe, moment


def failing() -> Found:
    """Endpoints whose last attempts failed in a row, often enough to be left alone for a while."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), string_agg(name, ', ' ORDER BY name) FROM integrations_endpoint WHERE active AND open_until IS NOT NULL")
        count, names = cursor.fetchone()
        cursor.execute("SELECT ended_at FROM integrations_delivery WHERE state = 'delivered' ORDER BY id DESC LIMIT 1")
        last = cursor.fetchone()
    if count:
        return Found(count, gettext_noop("They do not take them: %(names)s."), {"names": names[:120]})
    return Found(0, gettext_noop("Last delivered %(delivered_at)s."), {"delivered_at": moment(last[0])}) if last else Found(0)


def register() -> None:
    house.register(
        house.Figure(
            "countroom_webhook_deliveries_open", "Messages to others that have not been delivered, by topic", ("topic",),
            "SELECT topic, count(*) FROM integrations_delivery WHERE state = 'queued' GROUP BY 1",
        )
    )  # fmt: skip
    probes.queue("queue.webhooks", _("Webhooks to others"), table=Delivery._meta.db_table, where="state = 'queued'")
    probes.register(
        Probe(
            "webhooks.out", _("Webhooks to others that fail"), "outside", COUNT, failing, _("Endpoints that did not take the last five attempts in a row."),
            _("Open Webhooks: each attempt has its answer. Tell whoever runs the endpoint, or switch it off; nothing is lost for four hours."), 1,
        )
    )  # fmt: skip
