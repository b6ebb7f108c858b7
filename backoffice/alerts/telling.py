"""Who is told of an alert and how: the bell and e-mail of people, signed requests to endpoints. All in the alert's own transaction."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access import reach
from backoffice.access.models import Role, Staff
from backoffice.alerts.models import Alert, Rule
from backoffice.bell import kinds
from backoffice.bell.services import notify
from backoffice.integrations.webhooks import topics
from backoffice.integrations.webhooks.services import publish

VIEW = "alerts.view"
WORDS = {"firing": _("%(rule)s: %(value)s%(where)s (line at %(limit)s)"), "still": _("Still: %(rule)s: %(value)s%(where)s (line at %(limit)s)")}


def register() -> None:
    kinds.register(
        kinds.Kind("alerts.firing", _("An alert fires"), WORDS["firing"], "warn", "critical"),
        kinds.Kind("alerts.still", _("An alert still fires"), WORDS["still"], "warn", "critical"),
        kinds.Kind("alerts.resolved", _("An alert is over"), _("Over: %(rule)s%(where)s"), "check", "success"),
    )
    topics.register(
        topics.Topic("alert.firing", _("An alert fires, or still does")), topics.Topic("alert.acknowledged", _("Somebody looks after an alert")),
        topics.Topic("alert.resolved", _("An alert is over")),
    )  # fmt: skip


def recipients(rule: Rule, brand_id: int | None) -> list[Staff]:
    """The owner, the people and the holders of roles that the rule names, if they may see what it counts, on the brand."""
    holders = Role.staff.through.objects.filter(role__code__in=rule.roles).values_list("staff_id", flat=True)
    wanted = {rule.owner_id, *rule.people, *holders}
    people = [one for one in Staff.objects.filter(is_active=True, pk__in=wanted).with_roles() if one.may(VIEW) and one.may(rule.counted.permission)]
    return reach.reaching(people, brand_id)


def where(alert: Alert) -> str:
    """Brand and provider, as a tail of a sentence."""
    parts = [alert.provider, alert.brand.name if alert.brand is not None else ""]
    said = ", ".join(part for part in parts if part)
    return f" · {said}" if said else ""


def tell(rule: Rule, alert: Alert, what: str, *, now: datetime) -> None:
    """`what`: firing, still, resolved. The number of times that it was told is in the key, so that a retry tells nobody twice."""
    measure, url = rule.counted, reverse("alerts:alert", args=[alert.pk])
    key = f"alert:{alert.pk}:{what}:{alert.told}"
    params = {"rule": rule.name, "value": measure.write(alert.last_value), "limit": measure.write(alert.limit), "where": where(alert)}
    notify(
        to=recipients(rule, alert.brand_id), kind=f"alerts.{what}", params=params, url=url, key=key, now=now, brand_id=alert.brand_id, mail=rule.mail
    )  # fmt: skip
    message(rule, alert, "alert.firing" if what == "still" else f"alert.{what}", key=key, now=now)


def message(rule: Rule, alert: Alert, topic: str, *, key: str, now: datetime) -> None:
    """To the endpoints that the rule names (docs/api.md: alert)."""
    if not rule.endpoints:
        return
    data: dict[str, Any] = {
        "alert": alert.name, "state": alert.state, "severity": alert.severity, "rule": {"id": rule.pk, "name": rule.name}, "measure": rule.measure,
        "unit": rule.counted.unit, "value": _text(alert.last_value), "limit": _text(alert.limit), "baseline": _text(alert.baseline), "volume": alert.volume,
        "window_minutes": rule.minutes, "brand": alert.brand.code if alert.brand is not None else None, "provider": alert.provider or None,
        "opened_at": alert.opened_at.isoformat(), "as_of": alert.last_at.isoformat(),
        "url": f"{settings.PUBLIC_URL}{reverse('alerts:alert', args=[alert.pk])}",
    }  # fmt: skip
    publish(topic=topic, data=data, key=key, now=now, brand_id=alert.brand_id, to=rule.endpoints)


def _text(value: Any) -> str | None:
    return None if value is None else format(value, "f")
