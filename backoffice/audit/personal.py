"""Personal values in the record: encrypted with a key per player, hashed as ciphertext, erased by destroying the key.

Each key is 256 bits of AES-GCM, wrapped by a master key that lives outside the database (COUNTROOM_MASTER_KEYS).
The player id is authenticated with every value, so that a ciphertext moved to another player does not open.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection, transaction

from backoffice.audit.models import Erasure, PersonalKey

MARK = "personal:"  # how an encrypted value is told from a plain one in stored text


@dataclass(frozen=True)
class Personal:
    """A value that identifies a person. `record()` encrypts it; without the player's key it reads as erased."""

    value: Any


class Erased(Exception):
    """The player's key was destroyed: nothing personal can be written or read any more."""


def _wrap(key: bytes, player_id: int, version: int) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(settings.MASTER_KEYS[version]).encrypt(nonce, key, f"player:{player_id}".encode())


def _unwrap(row: PersonalKey) -> bytes:
    if row.wrapped is None:
        raise Erased(f"The personal values of player {row.player_id} were erased.")
    wrapped = bytes(row.wrapped)
    return AESGCM(settings.MASTER_KEYS[row.master_version]).decrypt(wrapped[:12], wrapped[12:], f"player:{row.player_id}".encode())


def key_of(player_id: int, *, at: datetime) -> bytes:
    """The player's key, made on first use. Raises Erased when it was destroyed."""
    row = PersonalKey.objects.filter(pk=player_id).first()
    if row is None:
        version = max(settings.MASTER_KEYS)
        key = AESGCM.generate_key(bit_length=256)
        made = PersonalKey(player_id=player_id, wrapped=_wrap(key, player_id, version), master_version=version, created_at=at)
        PersonalKey.objects.bulk_create([made], ignore_conflicts=True)
        row = PersonalKey.objects.get(pk=player_id)
    return _unwrap(row)


def seal(value: Any, *, key: bytes, player_id: int) -> str:
    """Encrypt one value for the record."""
    nonce = secrets.token_bytes(12)
    body = AESGCM(key).encrypt(nonce, json.dumps(value, ensure_ascii=False).encode(), f"player:{player_id}".encode())
    return MARK + base64.urlsafe_b64encode(nonce + body).decode()


def open_values(values: Mapping[str, Any], *, player_id: int | None) -> dict[str, Any]:
    """`values` with every personal one opened, or None in its place when the key is gone. Looking is a fact that the caller records."""
    row = PersonalKey.objects.filter(pk=player_id).first() if player_id else None
    opened: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, str) and value.startswith(MARK):
            opened[name] = _open(value, row)
        else:
            opened[name] = value
    return opened


def _open(text: str, row: PersonalKey | None) -> Any:
    if row is None or row.wrapped is None:
        return None
    raw = base64.urlsafe_b64decode(text.removeprefix(MARK))
    try:
        return json.loads(AESGCM(_unwrap(row)).decrypt(raw[:12], raw[12:], f"player:{row.player_id}".encode()))
    except InvalidTag:
        return None


@transaction.atomic
def erase(*, player_id: int, reason: str, now: datetime) -> None:
    """Destroy the player's key. Every personal value of theirs in the record is unreadable from now on, in backups once restored too."""
    PersonalKey.objects.update_or_create(
        player_id=player_id,
        defaults={"wrapped": None, "destroyed_at": now},
        create_defaults={"wrapped": None, "destroyed_at": now, "created_at": now, "master_version": max(settings.MASTER_KEYS)},
    )
    if not Erasure.objects.filter(player_id=player_id).exists():
        Erasure.objects.bulk_create([Erasure(player_id=player_id, erased_at=now, reason=reason)], ignore_conflicts=True)
        transaction.on_commit(lambda: _note_down(player_id, reason, now))


def erasures_file() -> Path:
    """Beside the data, outside the database: a restore of an older backup reads here whom to erase again."""
    return Path(settings.DATA_DIR) / "erasures.jsonl"


def _note_down(player_id: int, reason: str, now: datetime) -> None:
    path = erasures_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps({"player_id": player_id, "erased_at": now.isoformat(), "reason": reason}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def reapply_erasures() -> int:
    """After a restore: destroy again every key whose player was erased. Returns how many came back with the backup."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_personalkey k SET wrapped = NULL, destroyed_at = e.erased_at"
            " FROM audit_erasure e WHERE e.player_id = k.player_id AND k.wrapped IS NOT NULL"
        )
        return cursor.rowcount


def rewrap(*, batch: int = 500) -> int:
    """Wrap the next `batch` keys with the newest master key. Returns how many were done; 0 when none is left."""
    newest = max(settings.MASTER_KEYS)
    with transaction.atomic():
        rows = list(PersonalKey.objects.select_for_update(skip_locked=True).filter(wrapped__isnull=False, master_version__lt=newest)[:batch])
        for row in rows:
            row.wrapped = _wrap(_unwrap(row), row.player_id, newest)
            row.master_version = newest
        PersonalKey.objects.bulk_update(rows, ["wrapped", "master_version"])
    return len(rows)
