"""The clock's side: each rule is looked at when it is due, and its alerts begin, go on or end. Nothing here is decided by a message."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, transaction

from backoffice.alerts import judging, measures, telling
from backoffice.alerts.judging import BETWEEN, CROSSED, Verdict, Watch
from backoffice.alerts.lifecycles import ALERT, SUBJECT
from backoffice.alerts.measures import BRAND, PROVIDER, Key
from backoffice.alerts.models import Alert, Rule, Standing
from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record
from backoffice.runtime import timeouts
from backoffice.scope.models import Brand

log = structlog.get_logger(__name__)
PACE = (timedelta(seconds=10), timedelta(seconds=60))  # a rule is looked at every sixtieth of its window, within these
BATCH = 200


def pace(minutes: int) -> timedelta:
    return min(max(timedelta(minutes=minutes) / 60, PACE[0]), PACE[1])


def rest(minutes: int) -> timedelta:
    """How long it has to be calm before an alert ends."""
    return min(max(timedelta(minutes=minutes) / 10, timedelta(seconds=60)), timedelta(minutes=30))


def watch_of(rule: Rule, *, narrowed: Alert | None = None) -> Watch:
    """What the judge needs of a rule; `narrowed` to the one dimension of an alert. Raises UnknownMeasure."""
    of = narrowed or rule
    return Watch(
        rule.counted, rule.minutes, rule.condition, rule.threshold, rule.weeks, rule.least, "together" if narrowed else rule.per, of.brand_id, of.provider
    )


def look(watch: Watch, *, now: datetime) -> dict[Key, Verdict]:
    """Read now and, where it compares, the same window of past weeks: one query."""
    moments = [now, *(now - timedelta(weeks=week) for week in range(1, watch.weeks + 1))] if watch.compares else [now]
    current, *past = watch.read([watch.window(moment) for moment in moments])
    keys = [*dict.fromkeys([*expected(watch), *current])]
    return {key: judging.judge(watch, current.get(key, watch.empty()), [one.get(key, watch.empty()) for one in past]) for key in keys}


def expected(watch: Watch) -> list[Key]:
    """Every value of the dimensions that is told apart, so that one from which nothing comes is judged too."""
    brands: list[int | None] = [None]
    if BRAND in watch.apart:
        brands = [watch.brand_id] if watch.brand_id else list(Brand.objects.order_by("pk").values_list("pk", flat=True))
    providers = [watch.provider] if watch.provider else list(watch.measure.providers()) if PROVIDER in watch.apart else [""]
    return [Key(brand, provider if PROVIDER in watch.apart else "") for brand in brands for provider in providers]


def due(*, now: datetime) -> list[int]:
    return list(Standing.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at").values_list("pk", flat=True)[:BATCH])


def sweep(*, now: datetime) -> int:
    """Every rule that is due; one that cannot be looked at does not keep the others."""
    done = 0
    for rule_id in due(now=now):
        try:
            done += evaluate(rule_id, now=now)
        except Exception:
            log.exception("alerts.evaluate_failed", rule=rule_id)
    return done


def evaluate(rule_id: int, *, now: datetime) -> bool:
    """Look at one rule. False when it is not due or another worker has it. The reading is outside of any lock."""
    with transaction.atomic():
        standing = Standing.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=rule_id, next_attempt_at__lte=now).first()
        if standing is None:
            return False
        rule = Rule.objects.get(pk=rule_id)
        standing.next_attempt_at = now + pace(rule.minutes)
        standing.save(update_fields=["next_attempt_at"])
    try:
        verdicts = look(watch_of(rule), now=now)
    except (measures.UnknownMeasure, DatabaseError) as wrong:
        timeouts.mend()
        _unreadable(rule_id, wrong, now=now)
        return True
    with transaction.atomic():
        standing = Standing.objects.select_for_update(of=("self",)).get(pk=rule_id)
        same = Rule.objects.filter(pk=rule_id).values().first() == {field.attname: getattr(rule, field.attname) for field in Rule._meta.concrete_fields}
        if not same or standing.next_attempt_at is None or (standing.read_at is not None and standing.read_at >= now):
            return False  # the rule was changed, switched off or read again meanwhile
        for key, verdict in verdicts.items():
            _settle(rule, standing, key, verdict, now=now)
        for left in (
            Alert.objects.select_for_update(of=("self",)).filter(rule=rule).exclude(state="resolved").exclude(dimension__in=[str(key) for key in verdicts])
        ):
            resolve(rule, left, now=now, why="The rule no longer watches this.")
        standing.read_at, standing.failures, standing.error = now, 0, ""
        standing.readings = [_shown(key, verdict) for key, verdict in verdicts.items()]
        standing.save(update_fields=["read_at", "failures", "error", "readings"])
    return True


def _unreadable(rule_id: int, wrong: Exception, *, now: datetime) -> None:
    """Tried again later, longer each time up to ten minutes; the list says so. Nothing fires and nothing ends on it."""
    log.warning("alerts.unreadable", rule=rule_id, error=type(wrong).__name__)
    with transaction.atomic():
        standing = Standing.objects.select_for_update(of=("self",)).get(pk=rule_id)
        if standing.next_attempt_at is not None:
            standing.failures = min(standing.failures + 1, 30)
            standing.error = (str(wrong).splitlines() or [type(wrong).__name__])[0][:200]
            standing.next_attempt_at = now + min(timedelta(seconds=30 * 2 ** min(standing.failures, 5)), timedelta(minutes=10))
            standing.save(update_fields=["failures", "error", "next_attempt_at"])


def _shown(key: Key, verdict: Verdict) -> dict[str, Any]:
    return {
        "brand": key.brand_id, "provider": key.provider, "value": _text(verdict.reading.value), "volume": verdict.reading.volume,
        "baseline": _text(verdict.baseline), "limit": _text(verdict.limit), "word": verdict.word,
    }  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else format(value, "f")


def _settle(rule: Rule, standing: Standing, key: Key, verdict: Verdict, *, now: datetime) -> None:
    mute = standing.muted_until is not None and standing.muted_until > now
    alert = Alert.objects.select_for_update(of=("self",)).filter(rule=rule, dimension=str(key)).exclude(state="resolved").first()
    if alert is None:
        if verdict.word == CROSSED:
            _begin(rule, key, verdict, mute=mute, now=now)
        return
    value = verdict.reading.value
    alert.last_value, alert.last_at = value, now
    if value is not None and verdict.word == CROSSED:
        alert.worst = max(alert.worst, value) if rule.condition in {"above", "rise"} else min(alert.worst, value)
    if verdict.word in {CROSSED, BETWEEN}:
        alert.calm_since = None
    elif alert.calm_since is None:
        alert.calm_since = now
    alert.save(update_fields=["last_value", "last_at", "worst", "calm_since"])
    if alert.calm_since is not None and now - alert.calm_since >= rest(rule.minutes):
        resolve(rule, alert, now=now)
    elif alert.state == "muted" and not mute and verdict.word == CROSSED:
        ALERT.move(alert, to="firing", by=_house(), now=now, reason="It is no longer mute.", also=_told(rule, alert, now), evidence=_evidence(rule, alert))
        telling.tell(rule, alert, "firing", now=now)
    elif alert.state == "firing" and alert.repeat_at is not None and alert.repeat_at <= now and verdict.word == CROSSED:
        Alert.objects.filter(pk=alert.pk).update(**_told(rule, alert, now))
        alert.told += 1
        telling.tell(rule, alert, "still", now=now)


def _begin(rule: Rule, key: Key, verdict: Verdict, *, mute: bool, now: datetime) -> None:
    value, limit = verdict.reading.value, verdict.limit
    assert value is not None  # noqa: S101
    assert limit is not None  # noqa: S101
    alert = Alert.objects.create(
        rule=rule, dimension=str(key), brand_id=key.brand_id or rule.brand_id, provider=key.provider or rule.provider,
        state="muted" if mute else "firing", severity=rule.severity, opened_at=now, value=value, volume=verdict.reading.volume, baseline=verdict.baseline,
        limit=limit, last_value=value, last_at=now, worst=value, told=0 if mute else 1,
        repeat_at=now + timedelta(minutes=rule.repeat_minutes) if rule.repeat_minutes and not mute else None,
    )  # fmt: skip
    record(
        f"alert.{alert.state}", actor=_house(), at=now, brand_id=alert.brand_id, subject=(SUBJECT, alert.pk),
        after={"state": alert.state, "rule": rule.pk, **_evidence(rule, alert)},
    )  # fmt: skip
    if not mute:
        telling.tell(rule, alert, "firing", now=now)


def resolve(rule: Rule, alert: Alert, *, now: datetime, why: str = "") -> None:
    """End an alert that is locked, by the house alone. Who was told that it began is told that it ended."""
    quiet = alert.state == "muted"
    ALERT.move(alert, to="resolved", by=_house(), now=now, reason=why, also={"resolved_at": now, "repeat_at": None}, evidence=_evidence(rule, alert))
    if not quiet:
        telling.tell(rule, alert, "resolved", now=now)


def _told(rule: Rule, alert: Alert, now: datetime) -> dict[str, Any]:
    return {"told": alert.told + 1, "repeat_at": now + timedelta(minutes=rule.repeat_minutes) if rule.repeat_minutes else None}


def _evidence(rule: Rule, alert: Alert) -> dict[str, Any]:
    return {"name": rule.name, "value": alert.last_value, "limit": alert.limit, "volume": alert.volume, "provider": alert.provider}


def _house() -> Actor:
    return Actor.system(machine())
