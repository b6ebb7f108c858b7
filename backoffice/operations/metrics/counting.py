"""Requests and tasks, counted by every process of this machine into shared files: prometheus_client's multi-process mode.

Labels come from the code alone: names of routes, registered tasks, methods, statuses. Nothing that a caller writes becomes one.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from backoffice.ui.middleware import METHODS, route

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds
_own = CollectorRegistry(auto_describe=False)

REQUESTS = Counter("countroom_requests", "Requests answered", ("route", "method", "status"), registry=_own)
REQUEST_SECONDS = Histogram("countroom_request_seconds", "Time to answer", ("route", "method"), buckets=BUCKETS, registry=_own)
TASKS = Counter("countroom_tasks", "Tasks that ended", ("task", "outcome"), registry=_own)
TASK_SECONDS = Histogram("countroom_task_seconds", "Time that tasks took", ("task",), buckets=(*BUCKETS, 30, 60, 120), registry=_own)


def request(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    name, method = route(request), str(request.method) if request.method in METHODS else "other"
    REQUESTS.labels(name, method, response.status_code).inc()
    REQUEST_SECONDS.labels(name, method).observe(seconds)


def task(name: str, outcome: str, seconds: float) -> None:
    TASKS.labels(name, outcome).inc()
    TASK_SECONDS.labels(name).observe(seconds)


def collect() -> Iterable[Metric]:
    """Of all processes of this machine, those that have ended too: counters never go back."""
    return MultiProcessCollector(CollectorRegistry(auto_describe=False), path=os.environ["PROMETHEUS_MULTIPROC_DIR"]).collect()


def folder() -> Path:
    return settings.METRICS_DIR
