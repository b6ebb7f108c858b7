"""The variables that the project reads, made from a home: addresses, secrets that are kept, who we are."""

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from backoffice.runtime.home import Home

if TYPE_CHECKING:
    from backoffice.runtime.postgres import Cluster
    from backoffice.runtime.valkey import Valkey

SECRETS, LAST = "secrets.json", "environment.json"
# What a shell may hold for another purpose and would bend ours.
NOT_INHERITED = {"COUNTROOM_DB_ROLE", "DEBUG", "ALLOWED_HOSTS", "BEHIND_TLS_PROXY", "SECURE_SSL_REDIRECT", "PYTHONHOME", "PYTHONPATH"}
NOT_INHERITED |= {"PYTHONDONTWRITEBYTECODE"}  # compiling everything at every start takes longer than the start itself


def kept_secret(home: Home, name: str) -> str:
    """A random text that stays the same for this home."""
    known = home.read(SECRETS).get(name)
    if isinstance(known, str):
        return known
    made = "demo-" + secrets.token_urlsafe(48)  # the settings refuse this beginning in production
    home.remember(SECRETS, **{name: made})
    return made


def kept_master_key(home: Home) -> str:
    """The key that wraps every player's key: 32 bytes, of which production refuses the beginning."""
    known = home.read(SECRETS).get("COUNTROOM_MASTER_KEY")
    if isinstance(known, str):
        return known
    made = base64.urlsafe_b64encode(b"demo-" + secrets.token_bytes(27)).decode()
    home.remember(SECRETS, COUNTROOM_MASTER_KEY=made)
    return made


def project_environment(home: Home, kind: str, postgres: "Cluster", valkey: "Valkey", database: str) -> dict[str, str]:
    """Everything that is the same for demo, development and tests."""
    key = kept_master_key(home)
    return {
        "COUNTROOM_ENV": kind,
        "COUNTROOM_DATA_DIR": str(home.root),
        "DATABASE_URL": postgres.url("app", database),
        "DATABASE_OWNER_URL": postgres.url("owner", database),
        "REDIS_URL": valkey.url,
        "SECRET_KEY": kept_secret(home, "SECRET_KEY"),
        "COUNTROOM_MASTER_KEY": key,
        "COUNTROOM_MASTER_KEYS": f"1:{key}",
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
    }


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """What our processes take over from the shell: everything but what would bend them; our Python comes first."""
    kept = {name: value for name, value in environ.items() if name not in NOT_INHERITED}
    kept["PATH"] = f"{Path(sys.executable).parent}:{environ.get('PATH', os.defpath)}"
    kept["PYTHONUNBUFFERED"] = "1"
    return kept
