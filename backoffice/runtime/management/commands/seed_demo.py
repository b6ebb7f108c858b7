import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import autodiscover_modules

from backoffice.runtime import timeouts
from backoffice.runtime.seeders import seeders


class Command(BaseCommand):
    help = "Open the demo's casino: markets, brands, currencies, people, keys and a plausible past. May be repeated; refused in production."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's casino is not for production. A real one begins with: manage.py setup")
        autodiscover_modules("seeding")
        timeouts.lift()
        for seeder in seeders:
            began = time.perf_counter()
            said = seeder.run()
            self.stdout.write(f"{seeder.name}: {said} ({time.perf_counter() - began:.1f} s)")
            self.stdout.flush()
