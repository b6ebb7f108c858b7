"""What a real operator begins with: policies that need two people for rights and law, in force from the first day.

A house with one owner is not locked out by them: the owner adds a second person (that needs no policy), or the house itself acts
at the server's console (`manage.py approve_change`), on the record.
"""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from backoffice.approvals.models import Policy
from backoffice.approvals.services.applying import enact
from backoffice.runtime.seeders import SetupStep, setup_steps

FIRST = ("approvals.policy", "access.role", "scope.pack")


def options(parser: CommandParser) -> None:
    """Nothing is asked: the first policies are the same everywhere, and changed by proposing others."""


def ask(given: dict[str, Any], question: Callable[[str, str], str]) -> None:
    """Nothing is missing."""


def run(given: dict[str, Any]) -> str:
    made = 0
    for kind in FIRST:
        if not Policy.objects.filter(kind=kind).exists():
            values = {
                "kind": kind, "brand": "", "amounts": {}, "approvals": 1, "roles": ["compliance", "owner"], "substitutes": [], "night_from": "",
                "night_until": "", "timezone": "UTC", "position": 0, "active": True,
            }  # fmt: skip
            enact(kind="approvals.policy", values=values, reason="First set-up", now=timezone.now())
            made += 1
    return f"{made} policies: rights and law are changed by two people" if made else "the policies stay as they are"


setup_steps.register(SetupStep("Approvals", 40, options, ask, run))
