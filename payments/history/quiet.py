"""Players of the demo who stayed away, at each point of the way (docs/dormant-accounts.md): told, dormant, handed over, paid on, come back.

Played before the rest of the past, with the sweep's clock set back, so that it finds nobody else.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.access import demo
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import decisions
from backoffice.audit.actors import Actor
from payments import hints
from payments.history import newcomer
from players import messages
from players.dormancy.services import reactivate_by_front_end, sweep
from players.models import Dormancy, Player
from wallet.models import Remittance
from wallet.unclaimed import remitting, services
from wallet.unclaimed.paying import pot_of

LOST, AWAY, QUIET = 1_000, 430, 345  # days ago that they were last seen
# brand, market, last seen, cash, what became of it
PEOPLE: tuple[tuple[str, str, int, dict[str, str], str], ...] = (
    ("nova", "MT", LOST, {"EUR": "84.50"}, "paid"), ("nova", "MT", LOST, {"EUR": "31.20"}, "paid, back"),
    ("nova", "MT", LOST, {"EUR": "212.00"}, "handed"), ("nova", "MT", LOST, {"EUR": "57.75", "JPY": "4200"}, "handed, back"),
    ("nova", "MT", LOST, {"EUR": "140.00"}, "asked"), ("nova", "MT", LOST, {"EUR": "19.90"}, ""), ("nova", "MT", LOST, {"EUR": "66.00"}, ""),
    ("nova", "MT", AWAY, {"EUR": "45.00"}, ""), ("nova", "DE", AWAY, {"EUR": "25.00"}, ""), ("fjord", "SE", AWAY, {"SEK": "350.00"}, ""),
    ("fjord", "GB", AWAY, {"GBP": "12.50"}, ""), ("nova", "MT", QUIET, {"EUR": "38.00"}, ""), ("fjord", "SE", QUIET, {"SEK": "120.00"}, ""),
)  # fmt: skip
CLOCKS = (LOST - 340, LOST - 370, AWAY - 340, AWAY - 370, QUIET - 340)  # days ago of the sweeps that tell them and move them
TAG = "quiet-"


def play() -> str:
    """Once: what people did since then stays."""
    if Player.objects.filter(external_id__startswith=TAG).exists():
        return "they are there"
    now = timezone.now()
    with hints.quiet(), transaction.atomic():
        fates = [(_came(number, *who[:4], now=now), who[4]) for number, who in enumerate(PEOPLE)]
        for days in CLOCKS:
            for _ in range(2):  # the round, and its end
                sweep(now=now - timedelta(days=days))
        _became(fates, now=now)
        for player, _fate in fates:
            messages.assume_sent(player_id=player.pk)
    states = list(Dormancy.objects.filter(player__external_id__startswith=TAG).values_list("state", flat=True))
    return ", ".join(f"{states.count(state)} {state.replace('_', ' ')}" for state in ("noticed", "dormant", "handed_over"))


def _came(number: int, code: str, law: str, seen: int, cash: dict[str, str], *, now: datetime) -> Player:
    """A player who registered, paid in and was not seen again."""
    at = now - timedelta(days=seen)
    player, instrument = newcomer.register(TAG, number, code=code, law=law, at=at)
    for currency, amount in cash.items():
        newcomer.pays_in(player, instrument, amount, currency, key=f"{TAG}{number}:{currency}", at=at)
    return player


def _became(fates: list[tuple[Player, str]], *, now: datetime) -> None:
    """Finance asks, compliance agrees; two come back."""
    marta, oren = demo.find("finance"), demo.find("compliance")

    def asked(player: Player, at: datetime) -> ChangeRequest:
        return services.propose(player_id=player.pk, note="Two letters came back, no answer by e-mail", key=f"{TAG}{player.pk}", by=marta, now=at)

    def agreed(change: ChangeRequest, at: datetime) -> None:
        decisions.approve(change_id=change.pk, version=change.version, key=f"{TAG}{change.pk}", by=oren, now=at)

    def hand_over(word: str, at: datetime) -> None:
        for player, fate in fates:
            if fate.startswith(word):
                agreed(asked(player, at), at + timedelta(hours=3))

    hand_over("paid", now - timedelta(days=70))
    pot = pot_of("nova:MT:EUR")
    assert pot is not None  # noqa: S101
    at = now - timedelta(days=60)
    agreed(remitting.propose(pot=pot, note="Yearly list to the authority", key=TAG, by=marta, now=at), at + timedelta(hours=5))
    paid = Remittance.objects.get(brand=pot.brand)
    later = at + timedelta(days=3)
    remitting.book_payment(
        remittance_id=paid.pk, version=paid.version, bank="Client funds EUR", reference="BOV-2210-7741", paid_on=later.astimezone(pot.brand.zone).date(),
        key=TAG, by=marta, now=later,
    )  # fmt: skip
    hand_over("handed", now - timedelta(days=20))
    for player, fate in fates:
        if fate == "asked":
            asked(player, now - timedelta(hours=7))
        if fate.endswith("back"):
            reactivate_by_front_end(
                player_id=player.pk, identified_by="electronic_id", reference=f"eid-{player.pk}", by=Actor.integration("Nova web"), now=now - timedelta(days=1)
            )
