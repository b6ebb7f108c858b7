"""A past that was played through the services: whole, repeatable, resumable, and nobody is written to about it."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone

from backoffice.audit.models import Event
from payments.history.life import Tally
from payments.history.play import History, NobodyDecides
from payments.models import Deposit, Withdrawal
from payments.seeding import set_limits
from players.models import Message, Player
from tests.api import Casino


@pytest.fixture
def staffed(committed_casino: Casino) -> Casino:
    set_limits()
    call_command("seed_staff", stdout=io.StringIO())
    return committed_casino


def test_a_past_is_whole(staffed: Casino, hinted: list[tuple[str, int]]) -> None:
    now = timezone.now()
    tally = History(players=40, days=365, seed=1, now=now).run()

    assert tally.players == Player.objects.count() == 40
    assert tally.deposits == Deposit.objects.count() > 10
    assert tally.withdrawals == Withdrawal.objects.count()
    assert tally.open == Withdrawal.objects.filter(state__in=["requested", "held", "awaiting_second"]).count()
    assert not Deposit.objects.filter(state="initiated").exists()
    assert not Deposit.objects.exclude(next_attempt_at=None).exists()
    assert not Withdrawal.objects.exclude(next_attempt_at=None).exists()
    assert not Event.objects.filter(happened_at__gt=now, player_id__isnull=False).exists()
    assert Event.objects.filter(happened_at__lt=now - timedelta(days=30)).exists()
    assert hinted == []


def test_nobody_is_written_to_about_the_past(staffed: Casino) -> None:
    History(players=40, days=365, seed=1, now=timezone.now()).run()

    assert Message.objects.exists()
    assert not Message.objects.exclude(state="sent", sent_at=F("queued_at")).exists()


def test_the_ledger_of_the_past_sums_to_zero(staffed: Casino) -> None:
    History(players=40, days=365, seed=1, now=timezone.now()).run()

    with connection.cursor() as cursor:
        cursor.execute("SELECT currency_id, sum(amount) FROM wallet_entry GROUP BY 1 HAVING sum(amount) <> 0")
        assert cursor.fetchall() == []


def test_the_same_seed_and_moment_give_the_same_past_and_a_second_run_nothing(staffed: Casino) -> None:
    now = timezone.now()
    first = History(players=10, days=365, seed=1, now=now).run()

    assert History(players=10, days=365, seed=1, now=now).run() == Tally()
    assert History(players=10, days=365, seed=2, now=now).run() != first
    assert Player.objects.count() == 20


def test_an_interrupted_run_goes_on_where_it_stopped(staffed: Casino, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    real, played = History._one, []

    def interrupted(self: History, number: int, desks: Any) -> None:
        if len(played) == 3:
            raise KeyboardInterrupt
        played.append(number)
        real(self, number, desks)

    with monkeypatch.context() as patch:
        patch.setattr(History, "_one", interrupted)
        with pytest.raises(KeyboardInterrupt):
            History(players=6, days=100, seed=1, now=now).run()
    assert Player.objects.count() == 3
    assert connection.features.uses_savepoints is True

    assert History(players=6, days=100, seed=1, now=now).run().players == 3
    assert sorted(Player.objects.values_list("external_id", flat=True)) == [f"past-1-{number}" for number in range(6)]


def test_several_processes_share_the_players(staffed: Casino) -> None:
    now = timezone.now()
    for part in range(3):
        History(players=9, days=100, seed=1, now=now, share=(part, 3)).run()

    assert Player.objects.count() == 9


def test_without_people_nobody_can_have_decided(committed_casino: Casino) -> None:
    with pytest.raises(NobodyDecides, match="seed_staff"):
        History(players=1, days=1, seed=1, now=timezone.now()).run()


@pytest.mark.parametrize("options", [{"until": "tomorrow"}, {"until": "2999-01-01T00:00:00Z"}, {"until": "2020-01-01T00:00:00"}, {"players": 0}])
def test_options_that_make_no_sense_are_refused(db: None, options: dict) -> None:
    with pytest.raises(CommandError):
        call_command("seed_history", **options)


@pytest.mark.parametrize("command", ["seed_history", "seed_demo"])
def test_there_is_no_invented_past_in_production(settings: Any, command: str) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command(command)
