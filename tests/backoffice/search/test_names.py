"""How many rows a name reads: counted by the server, whatever plan it chose, on the oldest version too, whose plans differ."""

import pytest
from django.db import connection
from django.utils import timezone

from players.models import Player


def rows_read(sql: str, arguments: list) -> int:
    """Rows of players that a statement reads in this transaction, through whatever plan."""
    counted = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'players_player'"
    with connection.cursor() as cursor:
        cursor.execute(counted)
        before = cursor.fetchone()[0]
        cursor.execute(sql, arguments)
        cursor.execute(counted)
        return cursor.fetchone()[0] - before


@pytest.mark.parametrize("words", [["mi"], ["ko"], ["m"], ["mia", "k"], ["mia", "kowalska"], ["owals"], ["mia", "owals"], ["nobodyatall"], ["xo"]])
def test_a_name_reads_a_bounded_number_of_rows_however_many_match(house, words):
    Player.objects.bulk_create(
        Player(
            brand=house.nova, jurisdiction=house.mia.jurisdiction, external_id=f"many-{n}", first_name="Mia", last_name=f"Kowalska{n}", birth_date="1990-01-01",
            country="PL", currency="EUR", registered_at=timezone.now(),
        )
        for n in range(600)
    )  # fmt: skip
    assert rows_read("SELECT count(*) FROM players_player WHERE first_name = 'Mia'", []) >= 600
    # Two ways of seven rows each, or one page of the table more for the trigrams; 600 rows match most of these.
    assert rows_read("SELECT count(*) FROM players_named(%s, %s, 7)", [[house.nova.pk, house.fjord.pk], words]) <= 120
