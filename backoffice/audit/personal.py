"""Personal values in the record: encrypted with a key per player, hashed as ciphertext, erased by destroying the key.

Each key is 256 bits of AES-GCM, wrapped by a master key that lives outside the database (COUNTROOM_MASTER_KEYS).
The player id is authenticated with every value, so that a ciphertext moved to another player does not open.
"""

import base64
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
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
HIDDEN = "•••"  # what stands for one that is not shown


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


def seal_alike(value: Any, *, name: str, player_id: int, at: datetime) -> str:
    """As `seal`, but the same value of the same field of the same player gives the same text: whether two are equal is seen without the key.

    The nonce is a keyed digest of name and value. Raises Erased.
    """
    key = key_of(player_id, at=at)
    body = json.dumps(value, ensure_ascii=False).encode()
    nonce = hmac.digest(hmac.digest(key, b"nonce", "sha256"), name.encode() + b"\0" + body, "sha256")[:12]
    return MARK + base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, body, f"player:{player_id}".encode())).decode()


def open_values(values: Mapping[str, Any], *, player_id: int | None) -> dict[str, Any]:
    """`values` with every personal one opened, at any depth, or None in its place when the key is gone. Looking is a fact that the caller records."""
    row = PersonalKey.objects.filter(pk=player_id).first() if player_id else None
    return {name: _each(value, lambda text: _open(text, row)) for name, value in values.items()}


def conceal(value: Any) -> Any:
    """`value` with three dots in place of every personal one, at any depth."""
    return _each(value, lambda _text: HIDDEN)


def _each(value: Any, put: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return put(value) if value.startswith(MARK) else value
    if isinstance(value, Mapping):
        return {name: _each(part, put) for name, part in value.items()}
    return [_each(part, put) for part in value] if isinstance(value, list) else value


def _open(text: str, row: PersonalKey | None) -> Any:
    if row is None or row.wrapped is None:
        return None
    return open_with(text, wrapped=bytes(row.wrapped).hex(), version=row.master_version, player_id=row.player_id)


def open_with(text: str, *, wrapped: str | None, version: int, player_id: int) -> Any:
    """What `seal` encrypted, with a key as the table holds it, in hex; None when the key is gone or the text is not this player's."""
    if wrapped is None:
        return None
    raw, key = base64.urlsafe_b64decode(text.removeprefix(MARK)), bytes.fromhex(wrapped)
    try:
        plain = AESGCM(settings.MASTER_KEYS[version]).decrypt(key[:12], key[12:], f"player:{player_id}".encode())
        return json.loads(AESGCM(plain).decrypt(raw[:12], raw[12:], f"player:{player_id}".encode()))
    except InvalidTag:
        return None


def seal_bytes(content: bytes, *, key: bytes, player_id: int) -> bytes:
    """Encrypt a file about a player with the player's key: it is erased with the key."""
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, content, f"player:{player_id}".encode())


def open_bytes(content: bytes, *, player_id: int) -> bytes | None:
    """What `seal_bytes` encrypted, or None when the key is gone or the bytes are not the player's."""
    row = PersonalKey.objects.filter(pk=player_id).first()
    if row is None or row.wrapped is None:
        return None
    try:
        return AESGCM(_unwrap(row)).decrypt(content[:12], content[12:], f"player:{player_id}".encode())
    except InvalidTag:
        return None


@dataclass(frozen=True)
class Noted:
    """One line of the file of erasures."""

    player_id: int
    erased_at: datetime
    reason: str


@transaction.atomic
def erase(*, player_id: int, reason: str, now: datetime) -> None:
    """Destroy the player's key. Every personal value of theirs in the record is unreadable from now on, in backups once restored too."""
    if _destroy(Noted(player_id, now, reason)):
        transaction.on_commit(lambda: _note_down(player_id, reason, now))


def _destroy(erasure: Noted) -> bool:
    """True when the player stands on the list of erasures for the first time."""
    gone = {"wrapped": None, "destroyed_at": erasure.erased_at}
    PersonalKey.objects.update_or_create(
        player_id=erasure.player_id,
        defaults=gone,
        create_defaults={**gone, "created_at": erasure.erased_at, "master_version": max(settings.MASTER_KEYS)},
    )
    if Erasure.objects.filter(player_id=erasure.player_id).exists():
        return False
    Erasure.objects.bulk_create([Erasure(player_id=erasure.player_id, erased_at=erasure.erased_at, reason=erasure.reason)], ignore_conflicts=True)
    return True


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


def noted(path: Path) -> list[Noted]:
    """Whom the file names. Raises OSError, or ValueError with the line that cannot be read: nobody on it may be passed over."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            found.append(Noted(int(row["player_id"]), datetime.fromisoformat(row["erased_at"]), str(row["reason"])))
        except (ValueError, KeyError, TypeError) as wrong:
            raise ValueError(f"line {number} cannot be read") from wrong
    return found


_again: list[Callable[[Noted], None]] = []


def register_again(erase_again: Callable[[Noted], None]) -> None:
    """Called from `AppConfig.ready()`: what a room erases again after a restore, called for everybody who was ever erased, before the key is
    destroyed again. It has to end well however often it is called. The same again changes nothing."""
    if erase_again not in _again:
        _again.append(erase_again)


@transaction.atomic
def reapply_erasures(noted: Iterable[Noted] = ()) -> int:
    """After a restore: erase again all who were erased, those on the database's own list and those `noted` after the backup: what rooms hold, and the key.

    Returns how many there were to erase again. The file is not written: whom it names it names already.
    """
    noted = list(noted)
    listed = [Noted(one.player_id, one.erased_at, one.reason) for one in Erasure.objects.order_by("pk")]
    for erasure in {one.player_id: one for one in [*noted, *listed]}.values():
        for erase_again in _again:
            erase_again(erasure)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_personalkey k SET wrapped = NULL, destroyed_at = e.erased_at"
            " FROM audit_erasure e WHERE e.player_id = k.player_id AND k.wrapped IS NOT NULL"
        )
        again = int(cursor.rowcount)
    known = set(Erasure.objects.values_list("player_id", flat=True))
    for erasure in noted:
        if erasure.player_id not in known:
            _destroy(erasure)
            known.add(erasure.player_id)
            again += 1
    return again


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
