"""Personal values: a key for each player, wrapped by a master key outside the database; erasing is destroying the key."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, transaction

from backoffice.audit import personal, sequencer, verify
from backoffice.audit.models import Erasure, Event, PersonalKey
from backoffice.audit.personal import Erased, Personal
from tests.backoffice.audit.tools import NOW, fact, facts, findings
from tests.databases import Database, OwnCluster
from tests.races import race

OLD, NEW = b"1" * 32, b"2" * 32


def write(player: int = 5, value: Any = "mia@example.com") -> int:
    return fact(player_id=player, after={"email": Personal(value), "country": "PL"})


def stored(event: int) -> dict[str, Any]:
    return dict(json.loads(Event.objects.get(pk=event).after or "{}"))


def read(event: int, player: int | None = 5) -> dict[str, Any]:
    return personal.open_values(stored(event), player_id=player)


@pytest.mark.parametrize("value", ["mia@example.com", "Zoë Ðårk 😀", "", None, 7, True, ["a", {"b": 1}]])
def test_what_was_closed_opens_to_the_same_value(db: None, value: Any) -> None:
    assert read(write(value=value)) == {"email": value, "country": "PL"}


def test_the_same_value_never_looks_the_same_twice(db: None) -> None:
    assert stored(write())["email"] != stored(write())["email"]


def test_a_value_moved_to_another_player_does_not_open(db: None) -> None:
    mine, theirs = write(5), write(6)

    assert read(mine, player=6) == {"email": None, "country": "PL"}
    assert read(theirs, player=5) == {"email": None, "country": "PL"}
    assert read(mine, player=None) == {"email": None, "country": "PL"}


def test_an_altered_value_does_not_open(db: None) -> None:
    values = stored(write())
    text = values["email"]
    values["email"] = text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:]

    assert personal.open_values(values, player_id=5)["email"] is None


def test_every_player_has_a_key_of_their_own_made_once(db: None) -> None:
    keys = [personal.key_of(player, at=NOW) for player in (5, 6, 5)]

    assert keys[0] == keys[2] != keys[1]
    assert [len(key) for key in keys] == [32] * 3
    assert PersonalKey.objects.count() == 2


def test_the_key_stands_in_no_row_in_clear(db: None) -> None:
    key = personal.key_of(5, at=NOW)

    assert key not in bytes(PersonalKey.objects.get(pk=5).wrapped or b"")


def test_racing_first_facts_share_one_key(committed_db: Database) -> None:
    answers = race(*[write] * 8)

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert PersonalKey.objects.count() == 1
    assert [read(event)["email"] for event in answers] == ["mia@example.com"] * 8


def test_an_erased_player_reads_as_nothing_and_everybody_else_as_before(db: None) -> None:
    mine, theirs = write(5), write(6, "ole@example.com")
    before = facts()

    personal.erase(player_id=5, reason="GDPR art. 17", now=NOW)

    assert read(mine) == {"email": None, "country": "PL"}
    assert read(theirs, player=6)["email"] == "ole@example.com"
    assert facts() == before  # not a byte of the record has changed
    row = PersonalKey.objects.get(pk=5)
    assert (row.wrapped, row.destroyed_at) == (None, NOW)
    assert list(Erasure.objects.values_list("player_id", "erased_at", "reason")) == [(5, NOW, "GDPR art. 17")]


def test_nothing_personal_can_be_written_after_erasure(db: None) -> None:
    write()
    personal.erase(player_id=5, reason="GDPR", now=NOW)
    before = facts()

    with pytest.raises(Erased):
        write()

    assert facts() == before
    fact(player_id=5, after={"country": "PL"})


def test_a_player_without_facts_can_be_erased_too(db: None) -> None:
    personal.erase(player_id=5, reason="GDPR", now=NOW)

    with pytest.raises(Erased):
        write()


def test_erasing_twice_keeps_the_first_entry_of_the_list(db: None) -> None:
    personal.erase(player_id=5, reason="first", now=NOW)
    personal.erase(player_id=5, reason="second", now=NOW + timedelta(days=1))

    assert list(Erasure.objects.values_list("erased_at", "reason")) == [(NOW, "first")]


def test_the_chain_verifies_after_an_erasure(own_cluster: OwnCluster) -> None:
    event = write()
    sequencer.catch_up()

    personal.erase(player_id=5, reason="GDPR", now=NOW)

    assert read(event)["email"] is None
    assert verify.run().clean
    assert findings() == []


def test_a_key_that_a_backup_brought_back_is_destroyed_again(db: None) -> None:
    mine, theirs = write(5), write(6)
    kept = PersonalKey.objects.get(pk=5)
    personal.erase(player_id=5, reason="GDPR", now=NOW)
    PersonalKey.objects.filter(pk=5).update(wrapped=kept.wrapped, destroyed_at=None)  # what an older backup holds
    assert read(mine)["email"] == "mia@example.com"

    assert personal.reapply_erasures() == 1
    assert personal.reapply_erasures() == 0

    assert (read(mine)["email"], read(theirs, player=6)["email"]) == (None, "mia@example.com")
    assert PersonalKey.objects.get(pk=5).destroyed_at == NOW


def test_a_key_is_gone_when_it_says_so_and_only_then(db: None) -> None:
    write()

    for changed in ({"wrapped": None}, {"destroyed_at": NOW}):
        with pytest.raises(IntegrityError, match="audit_personalkey_gone_when_destroyed"), transaction.atomic():
            PersonalKey.objects.filter(pk=5).update(**changed)

    assert PersonalKey.objects.get(pk=5).wrapped is not None


def test_keys_are_wrapped_again_under_the_newest_master_key_in_batches(db: None, settings: Any) -> None:
    settings.MASTER_KEYS = {1: OLD}
    events = {player: write(player) for player in range(1, 6)}
    personal.erase(player_id=5, reason="GDPR", now=NOW)
    settings.MASTER_KEYS = {1: OLD, 2: NEW}
    new = write(9)

    assert [personal.rewrap(batch=3) for _ in range(3)] == [3, 1, 0]

    assert set(PersonalKey.objects.exclude(pk=5).values_list("master_version", flat=True)) == {2}
    settings.MASTER_KEYS = {2: NEW}  # the old one can be thrown away
    assert [read(events[player], player)["email"] for player in (1, 2, 3, 4)] == ["mia@example.com"] * 4
    assert read(new, 9)["email"] == "mia@example.com"
    assert read(events[5], 5)["email"] is None


def test_without_the_right_master_key_nothing_opens(db: None, settings: Any) -> None:
    settings.MASTER_KEYS = {1: OLD}
    write()

    settings.MASTER_KEYS = {1: NEW}
    with pytest.raises(InvalidTag):
        personal.key_of(5, at=NOW)


def test_two_rotations_at_once_wrap_every_key_once(committed_db: Database, settings: Any) -> None:
    settings.MASTER_KEYS = {1: OLD}
    for player in range(1, 31):
        personal.key_of(player, at=NOW)
    settings.MASTER_KEYS = {1: OLD, 2: NEW}

    def rotate() -> int:
        done = 0
        while count := personal.rewrap(batch=4):
            done += count
        return done

    answers = race(rotate, rotate, rotate)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert sum(answers) + sum(iter(rotate, 0)) == 30
    assert set(PersonalKey.objects.values_list("master_version", flat=True)) == {2}
