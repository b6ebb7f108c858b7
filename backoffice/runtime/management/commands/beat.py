"""`manage.py beat`: run what is scheduled, one beat in the whole installation, held by an advisory lock."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from backoffice.celery import app
from backoffice.runtime import pulses, schedules, watching

LOCK = 7_202_603


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        waiting = False
        while not self._locked():
            if not waiting:
                self.stdout.write("Another beat runs. This one waits to take over.")
                waiting = True
            time.sleep(5)
        app.conf.beat_schedule = schedules.beat_schedule()
        folder = settings.DATA_DIR
        folder.mkdir(parents=True, exist_ok=True)
        self.stdout.write(f"Beat: {len(app.conf.beat_schedule)} tasks.")
        from celery.beat import PersistentScheduler, Service

        class Scheduler(PersistentScheduler):
            def tick(self, *args: Any, **kwargs: Any) -> Any:
                pulses.give(pulses.BEAT)
                return super().tick(*args, **kwargs)

        watching.start()
        Service(app, scheduler_cls=Scheduler, schedule_filename=str(folder / "beat-schedule"), max_interval=1).start()

    @staticmethod
    def _locked() -> bool:
        # The session keeps the lock for as long as the process lives.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            return bool(cursor.fetchone()[0])
