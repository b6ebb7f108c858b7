"""Who works: workers, beat and the recorder by their signs of life, the broker by its answer, backup and verify by when they were run."""

import time

import redis
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.operations import pulses
from backoffice.operations.models import NORMAL, Mode
from backoffice.runtime.probes import COUNT, SECONDS, Fails, Found, NotKnown, Probe, moment
from backoffice.runtime.probes import register as add
from backoffice.runtime.pulses import BACKUP, BEAT, RECORDER, VERIFY, WORKER

HOUR, DAY = 3_600, 86_400


def workers() -> Found:
    last = pulses.last(WORKER)
    if last is None:
        raise Fails(gettext_noop("No worker has ever given a sign of life."))
    return Found(pulses.living(WORKER), gettext_noop("Last seen %(seen_at)s: %(name)s."), {"seen_at": moment(last.at), "name": last.name})


def _alive(kind: str) -> Found:
    last = pulses.last(kind)
    if last is None:
        raise Fails(gettext_noop("It has never given a sign of life."))
    return Found(max(0.0, (timezone.now() - last.at).total_seconds()), gettext_noop("Last seen %(seen_at)s: %(name)s."),
                 {"seen_at": moment(last.at), "name": last.name})  # fmt: skip


def _done(kind: str) -> Found:
    last = pulses.last(kind)
    if last is None:
        raise NotKnown(gettext_noop("No run is known. It may be done by other means, which nobody here can see."))
    if not last.well:
        raise Fails(gettext_noop("The run of %(ran_at)s did not end well."), ran_at=moment(last.at))
    return Found(max(0.0, (timezone.now() - last.at).total_seconds()), gettext_noop("Last run %(ran_at)s."), {"ran_at": moment(last.at)})


def mode() -> Found:
    """How long ago a mode should have ended. One without an expected end is never late."""
    row = Mode.objects.get(pk=1)
    if row.mode == NORMAL:
        return Found(0, gettext_noop("Normal."))
    late = max(0.0, (timezone.now() - row.expected_end).total_seconds()) if row.expected_end else 0.0
    return Found(late, gettext_noop("%(mode)s since %(set_at)s."), {"mode": row.mode.capitalize(), "set_at": moment(row.set_at or timezone.now())})


def _client() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def broker() -> Found:
    try:
        with _client() as client:
            client.ping()
            began = time.perf_counter()
            client.ping()
            took = time.perf_counter() - began
    except redis.RedisError:
        raise Fails(gettext_noop("It does not answer.")) from None
    return Found(took)


def messages() -> Found:
    try:
        with _client() as client:
            return Found(client.llen(settings.CELERY_TASK_DEFAULT_QUEUE))
    except redis.RedisError:
        raise NotKnown(gettext_noop("The broker does not answer.")) from None


def register() -> None:
    add(
        Probe(
            "broker.answer", _("Broker answers"), "processes", SECONDS, broker, _("How long Redis or Valkey takes to answer."),
            _("Is it up, and is REDIS_URL right? Without it work goes on only when a sweep finds the rows, and the API counts no requests."), 0.1, 1,
        ),
        Probe(
            "broker.messages", _("Messages that wait"), "processes", COUNT, messages, _("Messages in the broker that no worker has taken yet."),
            _("Start workers. If enough run, look which task takes long. Messages are only hints and may be lost."), 500, 5_000,
        ),
        Probe(
            "processes.workers", _("Workers"), "processes", COUNT, workers, _("Workers that gave a sign of life in the last half minute."),
            _("Start one: celery -A backoffice worker. Until then nothing is paid out, sent or exported; the rows wait."), None, 0, below=True,
        ),
        Probe(
            "processes.beat", _("Beat"), "processes", SECONDS, lambda: _alive(BEAT),
            _("How long ago beat last ticked. It starts everything that is done by the clock."),
            _("Start it: manage.py beat. Work that only the clock finds waits until then."), 30, 120,
        ),
        Probe(
            "processes.recorder", _("Recorder"), "processes", SECONDS, lambda: _alive(RECORDER), _("How long ago the recorder last looked for new facts."),
            _("Start it: manage.py recorder. Facts are kept meanwhile, but not sealed."), 30, 120,
        ),
        Probe(
            "safety.mode", _("Mode that should have ended"), "safety", SECONDS, mode, _("How long ago the mode that holds was expected to end."),
            _("Set the mode to normal, or give it a new end: Operations, Mode; or manage.py mode normal."), 60,
        ),
        Probe(
            "safety.backup", _("Last backup"), "safety", SECONDS, lambda: _done(BACKUP), _("How long ago manage.py backup last ended well."),
            _("Run manage.py backup, and see why the timer did not."), 26 * HOUR, 3 * DAY, every=60,
        ),
        Probe(
            "safety.verify", _("Last verification"), "safety", SECONDS, lambda: _done(VERIFY),
            _("How long ago manage.py verify last checked record and ledger."),
            _("Run manage.py verify. If it finds something, set read-only mode, which stops payouts, and call whoever answers for the record."),
            8 * DAY, 32 * DAY, every=60,
        ),
    )  # fmt: skip
