"""Every page that a person can open, with the address of one that has something on it."""

import io
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlencode

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.urls import reverse
from django.utils import timezone

from backoffice.access.models import Staff
from backoffice.jobs.imports import asking
from tests.access_table import PUBLIC, ROWS
from tests.world import drafted_policy

OWNER, DOOR = "owner", "door"
DOOR_PAGES = {
    "account_login", "account_inactive", "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}  # fmt: skip
ELSEWHERE = {"mfa_authenticate", "mfa_activate_totp"}  # steps of signing in, walked by tests/backoffice/access/test_sign_in.py
NOT_FOUND = 404
NO_PAGES = {"work:note-people", "jobs:import-template", "work:attachment", "mfa_download_recovery_codes"}  # data and files


@dataclass(frozen=True)
class Place:
    """A page, and who looks at it: an owner, or somebody at the door who has not signed in."""

    name: str
    path: str
    who: str = OWNER


def places(world: SimpleNamespace, owner: Staff) -> list[Place]:
    """Every page that a person can open: the GET rows of the access table, with what only its requester sees made for the owner,
    and the page of an erased player, which reads otherwise than that of another one.

    Pieces of pages (names that end in -live, -lines or -progress, and the palette's list) are no pages; neither is what machines ask.
    """
    RecoveryCodes.activate(owner)
    draft = drafted_policy(world.brand, owner)
    file = io.BytesIO(f"Number,Tags\n{world.withdrawal.pk},vip\n".encode())
    upload = asking.upload(code="payments.withdrawal.tags", file=file, filename="tags.csv", brand=world.brand, by=owner, key="walk", now=timezone.now())
    own = {"approvals:edit": [draft.pk], "approvals:review": [draft.pk], "jobs:import-columns": [upload.pk]}
    found = []
    for name, row in ROWS.items():
        piece = name.endswith(("-live", "-lines", "-progress", ":palette")) or name in NO_PAGES | ELSEWHERE
        machine = row.who == PUBLIC and name.startswith(("operations:", "integrations:")) and name != "integrations:docs"
        nothing = row.allow == NOT_FOUND  # in this world there is none of it
        if row.method != "get" or piece or machine or nothing:
            continue
        query = row.data(world)
        path = reverse(name, args=own.get(name, row.args(world))) + (f"?{urlencode(query)}" if query else "")
        found.append(Place(name, path, DOOR if name in DOOR_PAGES else OWNER))
    erased = reverse("players:player", args=[world.erased.pk])
    return [*found, *(Place("players:player", f"{erased}{query}") for query in ("", "?tab=timeline", "?tab=profile"))]
