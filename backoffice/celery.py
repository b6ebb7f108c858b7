"""The Celery application. A message is a hint; the committed row is the truth (docs/architecture.md)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

app = Celery("countroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
