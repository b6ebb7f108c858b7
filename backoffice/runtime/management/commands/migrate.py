"""`migrate` as Django has it, then the rights of the app's login (backoffice/runtime/rights.py)."""

from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connection

from backoffice.runtime import migrating, rights


class Command(DjangoMigrate):
    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            # Migrations ship rows of tables that are otherwise changed by approval only (backoffice/approvals/guard.py).
            cursor.execute("SET countroom.migrating = 'on'")
        try:
            with migrating.quick():
                super().handle(*args, **options)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET countroom.migrating")
        if options.get("plan") or options.get("check_unapplied"):
            return
        if connection.settings_dict["USER"] != settings.APP_ROLE:
            rights.apply(settings.APP_ROLE)
