"""The only writes to endpoints, and what is queued for them. Each is a fact on the record; the secret never is."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.audit import vault
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.integrations.models import ENDPOINT_SECRET, Delivery, Endpoint
from backoffice.integrations.webhooks import addresses, topics
from backoffice.scope.models import Brand

SUBJECT = "integrations.endpoint"
VERSION = 1  # of the envelope


@dataclass(frozen=True)
class NewEndpoint:
    """An endpoint that was just made. This is the only moment at which its secret is shown."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@transaction.atomic
def create(*, name: str, url: str, topic_codes: list[str], brand: Brand | None, by: Actor, now: datetime, secret: str = "") -> NewEndpoint:
    """Add an endpoint. Raises addresses.Refused, topics.UnknownTopic, ValueError without a name. The name is looked up when it is called."""
    if not name.strip():
        raise ValueError("Say what listens there, such as On-call pager.")
    wanted = topics.check(topic_codes)
    addresses.parse(url)
    secret = secret or secrets.token_urlsafe(32)
    made = Endpoint.objects.create(
        name=name.strip()[:80], url=url, topics=wanted, brand=brand, created_at=now, secret_cipher=vault.encrypt(secret, purpose=ENDPOINT_SECRET)
    )
    record(
        "webhook.endpoint_added", actor=by, at=now, brand_id=made.brand_id, subject=(SUBJECT, made.pk), after={"name": made.name, "url": url, "topics": wanted}
    )
    return NewEndpoint(made, secret)


@transaction.atomic
def set_active(*, endpoint_id: int, active: bool, by: Actor, now: datetime) -> Endpoint:
    """Switch an endpoint off (what waits for it fails) or on again. The same again changes nothing. Raises Endpoint.DoesNotExist."""
    endpoint = Endpoint.objects.select_for_update(of=("self",)).get(pk=endpoint_id)
    if endpoint.active != active:
        endpoint.active, endpoint.failures, endpoint.open_until = active, 0, None
        endpoint.save(update_fields=["active", "failures", "open_until"])
        if not active:
            endpoint.deliveries.filter(state=Delivery.QUEUED).update(state=Delivery.FAILED, next_attempt_at=None, ended_at=now)
        kind = "webhook.endpoint_on" if active else "webhook.endpoint_off"
        record(kind, actor=by, at=now, brand_id=endpoint.brand_id, subject=(SUBJECT, endpoint.pk), before={"active": not active}, after={"active": active})
    return endpoint


@transaction.atomic
def publish(*, topic: str, data: Mapping[str, Any], key: str, now: datetime, brand_id: int | None = None, to: Iterable[int] | None = None) -> int:
    """Queue a message in the caller's transaction for every active endpoint that takes the topic; gives for how many it was new.

    `to` narrows it to these endpoints. An endpoint of one brand hears of that brand alone. The same key goes to each endpoint once.
    Raises topics.UnknownTopic.
    """
    topics.check([topic])
    rows = Endpoint.objects.filter(Q(brand=None) | Q(brand_id=brand_id, brand__isnull=False), active=True, topics__contains=[topic])
    if to is not None:
        rows = rows.filter(pk__in=list(to))
    known = set(Delivery.objects.filter(endpoint__in=rows, key=key[:120]).values_list("endpoint_id", flat=True))
    body = json.dumps({"id": key[:120], "topic": topic, "version": VERSION, "at": now.isoformat(), "data": dict(data)}, sort_keys=True, separators=(",", ":"))
    fresh = [
        Delivery(endpoint=one, topic=topic, key=key[:120], body=body, queued_at=now, next_attempt_at=now) for one in rows.order_by("pk") if one.pk not in known
    ]
    Delivery.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


@transaction.atomic
def replay(*, delivery_id: int, by: Actor, now: datetime) -> Delivery:
    """Send what was sent once more, with the same body, as a delivery of its own. Raises Delivery.DoesNotExist, StillWaiting, SwitchedOff."""
    old = Delivery.objects.select_related("endpoint").select_for_update(of=("self",)).get(pk=delivery_id)
    if old.state == Delivery.QUEUED:
        raise StillWaiting(_("It is still being tried."))
    if not old.endpoint.active:
        raise SwitchedOff(_("The endpoint is switched off."))
    recent = Delivery.objects.filter(replay_of=old, endpoint=old.endpoint, queued_at__gt=now - timedelta(seconds=10)).order_by("pk").first()
    if recent is not None:  # the button was pressed twice
        return recent
    number = Delivery.objects.filter(replay_of=old, endpoint=old.endpoint).count() + 1
    made = Delivery.objects.create(
        endpoint=old.endpoint, topic=old.topic, key=f"{old.key[:100]}#{old.pk}.{number}", body=old.body, replay_of=old, queued_at=now, next_attempt_at=now
    )
    record(
        "webhook.replayed", actor=by, at=now, brand_id=old.endpoint.brand_id, subject=(SUBJECT, old.endpoint_id),
        after={"delivery": old.pk, "as": made.pk, "topic": old.topic},
    )  # fmt: skip
    return made


class StillWaiting(Exception):
    """A delivery that is not over is not repeated."""


class SwitchedOff(Exception):
    """Nothing goes to an endpoint that is off."""
