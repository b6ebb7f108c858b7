"""The worker's side of webhooks: lease, call, keep the attempt, and try again later with patience that grows and ends.

A receiver answers 2xx. Anything else, or nothing, is tried again after 10 s, 20 s, 40 s ... at most an hour, with up to half more by
chance, twelve times (about four hours). An endpoint that failed five times in a row is left alone for a minute; then one try decides.
"""

import random
import ssl
import time
from datetime import datetime, timedelta

import httpx
import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from backoffice.integrations import signing
from backoffice.integrations.models import Attempt, Delivery, Endpoint
from backoffice.integrations.webhooks import addresses
from backoffice.runtime import logs

log = structlog.get_logger(__name__)
MOST_ATTEMPTS = 12
TIMEOUT = 5.0  # seconds for each step of a call
LONGEST = 10.0  # seconds for all of it
LEASE = timedelta(seconds=30)
FIRST_WAIT, LONGEST_WAIT = 10.0, 3600.0  # seconds
FAILURES_TO_OPEN, COOL_OFF = 5, timedelta(seconds=60)
READ = 300  # bytes of an answer that are kept
ID_HEADER, TOPIC_HEADER = "Countroom-Webhook-Id", "Countroom-Topic"


def due(*, now: datetime, batch: int = 50) -> list[int]:
    """What waits, oldest first, without endpoints that are being left alone."""
    rows = Delivery.objects.filter(Q(endpoint__open_until=None) | Q(endpoint__open_until__lte=now), state=Delivery.QUEUED, next_attempt_at__lte=now)
    return list(rows.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:batch])


def sweep(*, now: datetime) -> int:
    """Everything that is due; one that goes wrong unexpectedly does not keep the others."""
    found = due(now=now)
    for one in found:
        try:
            deliver(one)
        except Exception:
            log.exception("webhook_not_delivered", delivery=one)
    return len(found)


def deliver(delivery_id: int) -> str:
    """Try one delivery and return its state. The lease is committed before the call, so that two workers do not make it."""
    now = timezone.now()
    with transaction.atomic():
        row = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=delivery_id, state=Delivery.QUEUED, next_attempt_at__lte=now)
            .first()
        )  # fmt: skip
        if row is None:
            return "taken"
        endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=row.endpoint_id)
        if not _passes(endpoint, now):
            return row.state
        row.attempts += 1
        row.next_attempt_at = now + LEASE
        row.save(update_fields=["attempts", "next_attempt_at"])
    status, detail = _call(row, endpoint)
    return _ended(row, started=now, status=status, detail=detail)


def _passes(endpoint: Endpoint, now: datetime) -> bool:
    """Whether the breaker lets a call pass. After its rest it lets one, and holds the others for another rest."""
    if endpoint.open_until is None:
        return True
    if endpoint.open_until > now:
        return False
    endpoint.open_until = now + COOL_OFF
    endpoint.save(update_fields=["open_until"])
    return True


def _call(row: Delivery, endpoint: Endpoint) -> tuple[int | None, str]:
    """The answer's status and beginning, or None and why there was none."""
    body = row.body.encode()
    try:
        target = addresses.resolve(endpoint.url)
        timestamp = f"{time.time():.6f}"
        headers = {
            "Host": target.host, "Content-Type": "application/json", "User-Agent": "Countroom", TOPIC_HEADER: row.topic, ID_HEADER: row.key.split("#")[0],
            signing.TIME_HEADER: timestamp,
            signing.SIGNATURE_HEADER: signing.sign(secret=endpoint.secret, timestamp=timestamp, method="POST", path=target.path, body=body),
            **logs.outgoing(),
        }  # fmt: skip
        began = time.monotonic()
        with (
            httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.name}) as answer,
        ):
            said = b""
            for part in answer.iter_raw(READ):
                said += part
                if len(said) >= READ or time.monotonic() - began > LONGEST:
                    break
            return answer.status_code, said[:READ].decode("utf-8", "replace").replace("\x00", "")
    except addresses.Refused as refused:
        return None, str(refused)[:READ]
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError) as failed:
        return None, f"{type(failed).__name__}: {failed}"[:READ]


@transaction.atomic
def _ended(row: Delivery, *, started: datetime, status: int | None, detail: str) -> str:
    now = timezone.now()
    current = Delivery.objects.select_for_update(of=("self",)).get(pk=row.pk)
    Attempt.objects.create(delivery=row, number=row.attempts, started_at=started, ended_at=now, status=status, detail=detail)
    taken = status is not None and 200 <= status < 300  # noqa: PLR2004
    rows = Endpoint.objects.filter(pk=row.endpoint_id)
    if taken:
        rows.exclude(failures=0, open_until=None).update(failures=0, open_until=None)
    else:
        rows.update(failures=F("failures") + 1)
        rows.filter(failures__gte=FAILURES_TO_OPEN).update(open_until=now + COOL_OFF)
    if current.state != Delivery.QUEUED or current.attempts != row.attempts:  # switched off, or another worker has it by now
        return str(current.state)
    if taken or row.attempts >= MOST_ATTEMPTS:
        current.state, current.next_attempt_at, current.ended_at = Delivery.DELIVERED if taken else Delivery.FAILED, None, now
    else:
        current.next_attempt_at = now + wait_after(row.attempts)
    current.save(update_fields=["state", "next_attempt_at", "ended_at"])
    return str(current.state)


def wait_after(attempts: int) -> timedelta:
    """How long until the next try, after so many."""
    seconds = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return timedelta(seconds=seconds * random.uniform(1, 1.5))  # noqa: S311 (spreads, hides nothing)
