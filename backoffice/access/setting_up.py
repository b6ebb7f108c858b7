"""What a real operator says about the owner: the first person, who holds every permission and adds the others."""

import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from backoffice.access import services
from backoffice.access.models import Role, Staff
from backoffice.access.roles import OWNER
from backoffice.runtime.seeders import SetupStep, setup_steps
from backoffice.scope.models import Brand

PASSWORD_VARIABLE = "COUNTROOM_OWNER_PASSWORD"  # noqa: S105  (the variable's name)
_DEMO = ("demo", "countroom")  # words that the demo's own passwords are made of


def options(parser: CommandParser) -> None:
    parser.add_argument("--owner-email", help="the address that the owner signs in with")
    parser.add_argument("--owner-name", help="first and last name")
    parser.add_argument(
        "--owner-password-file", metavar="FILE",
        help=f"a file that holds the password, - for standard input; {PASSWORD_VARIABLE} works too. Asked when neither is given",
    )  # fmt: skip


def ask(given: dict[str, Any], question: Callable[[str, str], str]) -> None:
    if Staff.objects.filter(is_demo=True).exists():
        raise CommandError("This database holds the demo's people, whose passwords everybody knows. Set up an empty one.")
    given["owner_email"] = (given["owner_email"] or question("--owner-email", "The owner's e-mail address")).strip().lower()
    try:
        validate_email(given["owner_email"])
    except ValidationError as wrong:
        raise CommandError(f"--owner-email: {given['owner_email']!r} is not an e-mail address.") from wrong
    if given["owner_email"].endswith(("@countroom.example", ".example")):
        raise CommandError("--owner-email: addresses that end in .example are the demo's. Use one that receives mail.")
    given["owner_password"] = ""
    if Staff.objects.filter(email=given["owner_email"]).exists():
        return  # stays as they are, password and all
    given["owner_name"] = given["owner_name"] or question("--owner-name", "The owner's first and last name")
    given["owner_password"] = _password(given, question)
    _check(given["owner_password"], Staff(email=given["owner_email"], name=given["owner_name"]))


def _password(given: dict[str, Any], question: Callable[[str, str], str]) -> str:
    if source := given["owner_password_file"]:
        try:
            return (sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")).strip("\r\n")
        except (OSError, UnicodeDecodeError) as wrong:
            raise CommandError(f"--owner-password-file: {wrong}") from wrong
    if known := os.environ.get(PASSWORD_VARIABLE):
        return known
    if given["no_input"] or not sys.stdin.isatty():
        raise CommandError(f"The owner's password is missing: give --owner-password-file or set {PASSWORD_VARIABLE}.")
    first = getpass.getpass("The owner's password: ")
    if first != getpass.getpass("Once more: "):
        raise CommandError("The two passwords differ. Nothing was changed.")
    return first


def _check(password: str, owner: Staff) -> None:
    try:
        validate_password(password, owner)
    except ValidationError as weak:
        raise CommandError("\n".join(["The owner's password is too weak:", *(f"  {message}" for message in weak.messages)])) from weak
    if all(word in password.lower() for word in _DEMO):
        raise CommandError("The owner's password is the demo's, or much like it. Choose another.")


def run(given: dict[str, Any]) -> str:
    now, email = timezone.now(), given["owner_email"]
    owner = Staff.objects.filter(email=email).first()
    made = owner is None
    if owner is None:
        owner = services.create_staff(email=email, name=given["owner_name"], password=given["owner_password"], timezone=given["timezone"], by=None, now=now)
    services.grant_role(staff=owner, role=Role.objects.get(code=OWNER), by=None, now=now, reason="First set-up")
    services.set_reach(staff=owner, brands=Brand.objects.filter(code=given["brand_code"]), by=None, now=now)
    return f"{email} {'can sign in and sets up a second factor then' if made else 'was here before and keeps their password'}"


setup_steps.register(SetupStep("Owner", 30, options, ask, run))
