"""The demo's API keys: one front end for each brand, with secrets in a file that only we may read."""

import json
import os
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine
from backoffice.integrations import keys, scopes
from backoffice.integrations.models import ApiKey, Endpoint
from backoffice.integrations.webhooks import services as webhooks
from backoffice.integrations.webhooks import topics
from backoffice.runtime.seeders import Seeder, seeders
from backoffice.scope.models import Brand


def file() -> Path:
    """Where the demo's front ends find their keys."""
    return Path(settings.DATA_DIR) / "demo-api-keys.json"


def run() -> str:
    now = timezone.now()
    found: dict[str, dict[str, str]] = {}
    for brand in Brand.objects.all():
        name = f"{brand.name} web"
        key = ApiKey.objects.filter(brand=brand, name=name, active=True).first()
        if key is None or set(key.scopes) != scopes.known().keys():
            key = keys.create_key(brand=brand, name=name, scopes=list(scopes.known()), by=Actor.system(machine()), now=now).key
        found[brand.code] = {"key_id": key.key_id, "secret": key.secret}
    _write(found)
    return f"{len(found)} API keys, in {file().name}"


def _write(found: dict[str, dict[str, str]]) -> None:
    """Private from its first byte on, and never half written."""
    path = file()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(found, out, indent=1)
    part.replace(path)


def catcher() -> str:
    """The demo's own receiver of webhooks, which takes every topic."""
    url = os.environ.get("CATCHER_URL", "")
    if not url:
        return "no receiver of webhooks runs here"
    if not Endpoint.objects.filter(url=url).exists():
        codes = [topic.code for topic in topics.known()]
        webhooks.create(
            name="Local catcher", url=url, topic_codes=codes, brand=None, by=Actor.system(machine()), now=timezone.now(), secret=os.environ["CATCHER_SECRET"]
        )
    return "a receiver of webhooks, which keeps what it gets in webhooks.jsonl"


seeders.register(Seeder("Machines", 40, run))
seeders.register(Seeder("Webhooks", 41, catcher))
