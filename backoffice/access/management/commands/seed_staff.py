from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from backoffice.access import demo


class Command(BaseCommand):
    help = "Add the demo's people: one for each role, with a known password and a second factor. Safe to repeat; refused in production."

    def handle(self, *args: Any, **options: Any) -> None:
        people = demo.seed(now=timezone.now())
        self.stdout.write(f"{len(people)} demo people are here. Passwords: manage.py demo_signins. Codes: manage.py signin ROLE")
