"""What alert rules can watch about players. Test players stand in no figure (GLI-19 A.2.5)."""

from django.utils.translation import gettext_lazy as _

from backoffice.alerts.measures import BRAND, COUNT, Measure, register

_REGISTERED = """
SELECT w.n, p.brand_id, ''::text AS provider FROM w JOIN players_player p ON p.registered_at >= w.since AND p.registered_at < w.until AND NOT p.is_test
"""


def plug_in() -> None:
    register(Measure("players.registrations", _("Registrations"), COUNT, "players.view", _REGISTERED, "count(*)", (BRAND,), lambda _provider: ""))
