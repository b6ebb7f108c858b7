"""What the demo's players agreed to and asked, and what some of them may not do."""

import random
from datetime import timedelta

from django.utils import timezone

from backoffice.access import demo
from backoffice.audit.actors import Actor
from players.blocks.services import set_block
from players.messages.composing import templates
from players.messages.writing import write_to_player, written
from players.models import Consent, Player
from players.services import PlayerRefused
from players.services.consents import record_consent
from players.tickets.services import Said, keep_ticket

PEOPLE = 120  # as many as the demo's start has time for
ASKED = (
    ("Where is my withdrawal?", "I asked for it on Monday and it still says that it is being looked at."),
    ("Cannot upload my passport", "The page says that the picture is too large."),
    ("Wrong bonus", "I was promised twenty free spins and got ten."),
    ("Please correct my name", "I have married and the name on my card is another now."),
)
BLOCKS = (("deposit", "PROTECTION"), ("withdrawal", "FRAUD_SUSPECTED"), ("contact", "WRONG_ADDRESS"), ("bonus", "TERMS_BROKEN"))


def run() -> str:
    if Consent.objects.exists():
        return "they are there"
    chance, now = random.Random(7), timezone.now()  # noqa: S311 (a demo)
    players = list(Player.objects.order_by("-registered_at").select_related("brand")[:PEOPLE])
    front_end, help_desk = Actor.integration("Front end"), Actor.integration("Help desk")
    for player in players:
        for channel, share in (("email", 0.7), ("sms", 0.4), ("push", 0.5), ("post", 0.2)):
            if chance.random() < share:
                given = chance.random() < 0.85  # noqa: PLR2004 (most say yes)
                record_consent(
                    player_id=player.pk, channel=channel, given=given, source="registration", text_version="marketing-3" if given else "",
                    at=player.registered_at, by=front_end, now=now,
                )  # fmt: skip
    for number, player in enumerate(players[:24]):
        subject, text = ASKED[number % len(ASKED)]
        at = now - timedelta(hours=chance.randint(1, 60))
        keep_ticket(
            brand_id=player.brand_id, external_id=f"HD-{8800 + number}", player_id=player.pk, subject=subject, by=help_desk, now=now,
            state=("open", "pending", "solved")[number % 3], link=f"https://desk.example/tickets/{8800 + number}", opened_at=at, updated_at=at,
            messages=[Said(f"m{number}", "player", player.name, text, at)],
        )  # fmt: skip
    fraud, support = demo.find("fraud"), demo.find("support")
    for player, (kind, reason) in zip(players[2:], BLOCKS, strict=False):
        set_block(
            player_id=player.pk, kind=kind, reason=reason, note="Asked for by the desk", ends_at=now + timedelta(days=chance.randint(2, 30)),
            by=Actor.staff(fraud), now=now,
        )  # fmt: skip
    delayed, values = templates()["withdrawal_delayed"], {"payment": "WD-1"}
    for number, player in enumerate(players[:3]):
        try:
            seen = written(player, template=delayed, values=values, language="").digest
            write_to_player(player_id=player.pk, template=delayed.code, values=values, language="", seen=seen, key=f"demo-{number}", by=support, now=now)
        except PlayerRefused:
            continue
    return f"consents of {len(players)} players, 24 tickets, {len(BLOCKS)} blocks"
