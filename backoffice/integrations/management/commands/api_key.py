from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine
from backoffice.integrations import keys, scopes
from backoffice.integrations.models import ApiKey
from backoffice.scope.models import Brand


class Command(BaseCommand):
    help = "API keys of a brand's machines: make one (its secret is printed once), list them, revoke one."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        create = what.add_parser("create", help="make a key")
        create.add_argument("brand", help="the brand's code")
        create.add_argument("name", help="what uses it, such as 'Nova web'")
        create.add_argument("--scope", action="append", default=[], help="may be given several times; all known scopes when left out")
        what.add_parser("list", help="every key, without secrets")
        revoke = what.add_parser("revoke", help="end a key at once")
        revoke.add_argument("key_id")
        revoke.add_argument("--reason", default="")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        actor, now = Actor.system(machine()), timezone.now()
        if what == "create":
            brand = Brand.objects.filter(code=options["brand"]).first()
            if brand is None:
                raise CommandError(f"There is no brand {options['brand']}. Known are {', '.join(Brand.objects.values_list('code', flat=True))}.")
            try:
                new = keys.create_key(brand=brand, name=options["name"], scopes=options["scope"] or list(scopes.known()), by=actor, now=now)
            except ValueError as wrong:
                raise CommandError(str(wrong)) from wrong
            self.stdout.write(f"Key     {new.key.key_id}\nSecret  {new.secret}\nThe secret is shown this once. Scopes: {', '.join(new.key.scopes)}")
        elif what == "list":
            for key in ApiKey.objects.select_related("brand"):
                self.stdout.write(f"{key.key_id}  {key.brand.code}  {'active ' if key.active else 'revoked'}  {key.name}  {', '.join(key.scopes)}")
        else:
            try:
                key = keys.revoke_key(key_id=options["key_id"], by=actor, now=now, reason=options["reason"])
            except ApiKey.DoesNotExist:
                raise CommandError(f"There is no key {options['key_id']}.") from None
            self.stdout.write(f"{key.key_id} is revoked.")
