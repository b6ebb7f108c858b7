"""Addresses of operations: pages for staff, and plain words for machines."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from backoffice.operations.views import checks, health, metrics, modes

app_name = "operations"
urlpatterns = [
    path("healthz", login_not_required(checks.live), name="live"),
    path("readyz", login_not_required(checks.ready), name="ready"),
    path("metrics", login_not_required(metrics.metrics), name="metrics"),
    path("operations/health/", health.health, name="health"),
    path("operations/health/<str:code>/", health.probe, name="probe"),
    path("operations/mode/", modes.mode, name="mode"),
]
