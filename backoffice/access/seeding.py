"""The demo's people (backoffice/access/demo.py)."""

import io

from django.core.management import call_command

from backoffice.runtime.seeders import Seeder, seeders


def run() -> str:
    said = io.StringIO()
    call_command("seed_staff", stdout=said)
    return said.getvalue().strip().splitlines()[0]


seeders.register(Seeder("People", 30, run))
