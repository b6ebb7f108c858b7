"""What people do about alerts: look after one, mute a rule for a while. Rules themselves change by approval (rules.py)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.alerts import telling
from backoffice.alerts.lifecycles import ALERT, RULE
from backoffice.alerts.models import Alert, Rule, Standing
from backoffice.audit.actors import Actor
from backoffice.audit.record import record

LONGEST_MUTE = timedelta(days=7)


class NotPossible(Exception):
    """What was asked cannot be done now. The message says why."""


class StaleAlert(Exception):
    """Somebody or something moved it since it was seen. Carries it as it is now."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(_("It changed since you saw it."))
        self.alert = alert


@transaction.atomic
def acknowledge(*, alert_id: int, version: int, note: str, by: Staff, now: datetime) -> Alert:
    """Say that one looks after it: nobody is reminded any more. It ends by itself. By the same person again it changes nothing.

    Raises StaleAlert, audit.lifecycle.NotAllowed, NotPossible without a note.
    """
    rule_id = Alert.objects.values_list("rule_id", flat=True).get(pk=alert_id)
    Standing.objects.select_for_update(of=("self",)).get(pk=rule_id)  # first, as the evaluator does
    alert = Alert.objects.select_for_update(of=("self",)).select_related("rule", "brand").get(pk=alert_id)
    if alert.state == "acknowledged" and alert.acknowledged_by_id == by.pk:
        return alert
    if alert.version != version:
        raise StaleAlert(alert)
    if not note.strip():
        raise NotPossible(_("Say what you do about it."))
    ALERT.move(
        alert, to="acknowledged", by=Actor.staff(by), may=by.may, now=now, note=note.strip(), evidence={"name": alert.rule.name},
        also={"acknowledged_at": now, "acknowledged_by_id": by.pk, "note": note.strip()[:400], "repeat_at": None},
    )  # fmt: skip
    telling.message(alert.rule, alert, "alert.acknowledged", key=f"alert:{alert.pk}:acknowledged:{alert.version}", now=now)
    return alert


@transaction.atomic
def mute(*, rule_id: int, until: datetime, reason: str, by: Staff, now: datetime) -> Standing:
    """Tell nobody about a rule until then; what it finds is kept all the same. Raises NotPossible, audit.lifecycle.NotAllowed."""
    if until <= now:
        raise NotPossible(_("Choose a moment that is still to come."))
    if until > now + LONGEST_MUTE:
        raise NotPossible(_("Nothing is mute for longer than %(days)s days. Switch the rule off instead.") % {"days": LONGEST_MUTE.days})
    if not reason.strip():
        raise NotPossible(_("Say why nobody should hear of it."))
    standing = Standing.objects.select_for_update(of=("self",)).select_related("rule").get(pk=rule_id)
    before = {"muted_until": standing.muted_until}
    standing.muted_until, standing.mute_reason, standing.muted_by = until, reason.strip()[:300], by
    standing.save(update_fields=["muted_until", "mute_reason", "muted_by"])
    for alert in Alert.objects.select_for_update(of=("self",)).filter(rule_id=rule_id, state__in=["firing", "acknowledged"]):
        ALERT.move(alert, to="muted", by=Actor.staff(by), may=by.may, now=now, reason=reason.strip(), also={"repeat_at": None})
    _noted("muted", standing.rule, by, now, before, {"muted_until": until}, reason.strip())
    return standing


@transaction.atomic
def unmute(*, rule_id: int, by: Staff, now: datetime) -> Standing:
    """Let it speak again, at its next look. Not mute, it changes nothing."""
    standing = Standing.objects.select_for_update(of=("self",)).select_related("rule").get(pk=rule_id)
    if standing.muted_until is not None and standing.muted_until > now:
        before = {"muted_until": standing.muted_until}
        standing.muted_until, standing.mute_reason, standing.muted_by = None, "", None
        if standing.next_attempt_at is not None:
            standing.next_attempt_at = now
        standing.save(update_fields=["muted_until", "mute_reason", "muted_by", "next_attempt_at"])
        _noted("unmuted", standing.rule, by, now, before, {"muted_until": None}, "")
    return standing


def _noted(what: str, rule: Rule, by: Staff, now: datetime, before: Mapping[str, Any], after: Mapping[str, Any], reason: str) -> None:
    fact = f"alert_rule.{what}"
    record(
        fact, actor=Actor.staff(by), at=now, brand_id=rule.brand_id, subject=(RULE, rule.pk), before=before, after={**after, "name": rule.name}, reason=reason
    )
