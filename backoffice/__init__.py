"""The kit that every domain uses. It never imports a domain."""

from backoffice.celery import app as celery_app

__all__ = ["celery_app"]
