"""The opposite of a transaction, leg by leg, once."""

from decimal import Decimal

from django.db import connection

from tests import factories
from tests.databases import Database
from tests.races import race, raised
from tests.wallet.tools import GAME, bet, denied, held, legs, sound, win
from wallet import balances, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import AlreadyReversed, Cash, House, InsufficientFunds, Leg, NothingToReverse, Posted
from wallet.models import Transaction


def roll_back(posted: Posted, key: str = "back", **more: object) -> Posted:
    return ledger.reverse(transaction_id=posted.id, kind=TransactionKind.ROLLED_BACK, key=key, **more)  # type: ignore[arg-type]


def test_a_reversal_posts_the_opposite_and_names_what_it_reverses(db: None) -> None:
    player = factories.player(cash="10.00")
    stake = bet(player, "4.00", key="bet")

    back = roll_back(stake, reference=(Reference.ROUND, 7), meta={"why": "void"})

    assert back.replayed is False
    assert legs(back) == [(AccountKind.CASH, Decimal("4.00"), Decimal("10.00")), (AccountKind.GAME_REVENUE, Decimal("-4.00"), None)]
    row = Transaction.objects.get(pk=back.id)
    assert (row.reverses, row.brand_id, row.player_id, row.reference_id, row.meta) == (stake.id, player.brand_id, player.pk, 7, {"why": "void"})
    assert held(GAME, brand=player.brand) == 0
    sound()


def test_a_reversal_is_one_call_of_the_database_and_one_posting(db: None) -> None:
    """Its first answer says that it was made now, and its number is the next one."""
    player = factories.player(cash="10.00")
    stake = bet(player, "4.00", key="bet")

    first, again = roll_back(stake), roll_back(stake)

    assert (first.id, first.replayed) == (stake.id + 1, False)
    assert (again.id, again.replayed) == (first.id, True)
    assert Transaction.objects.filter(reverses=stake.id).count() == 1


def test_many_legs_in_two_currencies_are_all_reversed(db: None) -> None:
    player, accrual = factories.player(cash="10.00"), House(AccountKind.JACKPOT_ACCRUAL, "mega")
    factories.deposit(player, "0.5", "BTC")
    posted = ledger.post_legs(
        kind=TransactionKind.BET, key="many", brand=player.brand_id,
        legs=[
            Leg(Cash(player.pk), "EUR", Decimal(-1)), Leg(GAME, "EUR", Decimal("0.9")), Leg(accrual, "EUR", Decimal("0.1")),
            Leg(Cash(player.pk), "BTC", Decimal("-0.25")), Leg(GAME, "BTC", Decimal("0.25")),
        ],
    )  # fmt: skip

    back = roll_back(posted)

    assert [(kind, -amount) for kind, amount, _ in legs(back)] == [(kind, amount) for kind, amount, _ in legs(posted)]
    assert (balances.cash(player.pk, "EUR"), balances.cash(player.pk, "BTC")) == (Decimal(10), Decimal("0.5"))
    sound()


def test_a_second_reversal_is_refused_under_any_key(db: None) -> None:
    player = factories.player(cash="10.00")
    stake = bet(player, "4.00", key="bet")
    roll_back(stake)

    with denied(AlreadyReversed):
        roll_back(stake, key="again")


def test_a_reversal_can_itself_be_reversed_once(db: None) -> None:
    player = factories.player(cash="10.00")
    back = roll_back(bet(player, "4.00", key="bet"))

    roll_back(back, key="back and forth")
    with denied(AlreadyReversed):
        roll_back(back, key="once more")

    assert balances.cash(player.pk, "EUR") == Decimal("6.00")


def test_there_is_nothing_to_reverse_where_nothing_was_posted(db: None) -> None:
    factories.player(cash="10.00")

    with denied(NothingToReverse):
        ledger.reverse(transaction_id=999_999, kind=TransactionKind.ROLLED_BACK, key="back")


def test_a_win_that_was_spent_cannot_be_taken_back(db: None) -> None:
    player = factories.player()
    won = win(player, "4.00", key="win")
    bet(player, "3.00", key="bet")

    with denied(InsufficientFunds):
        roll_back(won)


def test_racing_reversals_of_one_posting_take_effect_once(committed_db: Database) -> None:
    player = factories.player(cash="10.00")
    stake = bet(player, "4.00", key="bet")

    answers = race(*[lambda n=n: roll_back(stake, key=f"back-{n}") for n in range(16)])  # type: ignore[misc]

    assert raised(answers, AlreadyReversed) == 15
    assert balances.cash(player.pk, "EUR") == Decimal(10)
    sound()


def test_racing_reversals_between_house_accounts_take_effect_once_without_a_players_lock(committed_db: Database) -> None:
    brand = factories.brand()
    settled = ledger.post(
        kind=TransactionKind.SETTLED_BY_PSP, key="settled", brand=brand.pk, amount=Decimal(50), currency="EUR", source=House(AccountKind.BANK, "main"),
        target=factories.PSP,
    )  # fmt: skip

    answers = race(*[lambda n=n: roll_back(settled, key=f"back-{n % 2}") for n in range(16)])  # type: ignore[misc]

    assert raised(answers, AlreadyReversed) == 8
    assert sorted(answer.replayed for answer in answers if isinstance(answer, Posted)) == [False] + [True] * 7
    assert held(factories.PSP, brand=brand) == 0
    sound()


def test_the_unique_key_holds_it_and_not_the_function(committed_db: Database) -> None:
    """The owner, who may insert headers, cannot reverse twice either."""
    player = factories.player(cash="10.00")
    stake = bet(player, "4.00", key="bet")
    roll_back(stake)

    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'wallet_transaction_reversed_once'")
        (definition,) = cursor.fetchone()
    assert "UNIQUE" in definition
    with committed_db.connect("owner") as owner, denied(Exception, match="wallet_transaction_reversed_once"):
        owner.execute(
            "INSERT INTO wallet_transaction (brand_id, effective_at, kind, key, digest, reverses) VALUES (1, now(), 32, 'forged', '', %s)", [stake.id]
        )
