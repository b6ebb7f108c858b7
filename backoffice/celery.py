"""The Celery application. A message is a hint; the committed row is the truth (docs/architecture.md).

Each task has one log line, under the id of the request that sent it or, where the clock did, under its own.
"""

import os
import time
from typing import Any

import structlog
from celery import Celery
from celery.signals import before_task_publish, heartbeat_sent, setup_logging, task_failure, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

app = Celery("countroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = structlog.get_logger(__name__)
HEADER = "countroom_request_id"


@heartbeat_sent.connect
def alive(sender: Any = None, **_signal: Any) -> None:
    """Sent by the consumer's own loop, so that a worker which takes no messages any more gives no sign either."""
    from backoffice.runtime import pulses

    pulses.give(pulses.WORKER, f"worker@{sender.eventer.hostname}")


@setup_logging.connect
def keep_ours(**_signal: Any) -> None:
    """Celery sets no logging up of its own when somebody answers this: backoffice/runtime/logs.py has done it."""


@before_task_publish.connect
def carry(headers: dict[str, Any] | None = None, **_signal: Any) -> None:
    from backoffice.runtime import logs

    if headers is not None and (found := logs.request_id()):
        headers[HEADER] = found


@task_prerun.connect
def begin(task_id: str = "", task: Any = None, **_signal: Any) -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=getattr(task.request, HEADER, None) or task_id.replace("-", ""))
    task.request.began = time.perf_counter()


@task_failure.connect
def failed(sender: Any = None, exception: BaseException | None = None, **_signal: Any) -> None:
    log.error("task_failed", task=sender.name, exc_info=exception)


@task_postrun.connect
def end(task_id: str = "", task: Any = None, state: str = "", **_signal: Any) -> None:
    from backoffice.runtime import observing

    seconds = time.perf_counter() - getattr(task.request, "began", time.perf_counter())
    log.info("task", task=task.name, outcome=(state or "unknown").lower(), ms=round(seconds * 1000), id=task_id)
    for told in observing.tasks:
        told(task.name, (state or "unknown").lower(), seconds)
    structlog.contextvars.clear_contextvars()
