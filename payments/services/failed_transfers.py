"""Failed transfers in a row, which may be somebody trying cards out: deposits are blocked until somebody has looked, then the account (GLI-19 v3.0 A.3.6).

How many within how long is the pack's number. A credited deposit begins the count anew, and so does the block.
"""

from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Event
from backoffice.scope import packs
from payments.models import Deposit
from payments.services import calls
from players.blocks import DEPOSIT, sources
from players.blocks.services import set_block
from players.models import Block
from players.profile import accounts
from players.services import PlayerRefused

SOURCE, REASON = "payments.failures", "FAILED_TRANSFERS"
BLOCKS = sources.Source(SOURCE, _("Failed transfers"), {REASON: _("Too many failed deposits in a row")}, staff_lift=True)


def count(deposit: Deposit, *, now: datetime) -> None:
    """Call it when a deposit has failed, under the lock of its player."""
    player = deposit.player
    try:
        most = packs.number(player.jurisdiction_id, "deposit.failures_before_block", on=now.date())
        minutes = packs.number(player.jurisdiction_id, "deposit.failure_window_minutes", on=now.date())
    except packs.NoPack:
        return
    credited = Deposit.objects.filter(player=player).aggregate(at=Max("credited_at"))["at"]
    blocks = Block.objects.filter(player=player, source=SOURCE, **({"set_at__gt": credited} if credited else {}))
    blocked = blocks.aggregate(at=Max("set_at"))["at"]
    since = max(filter(None, [now - timedelta(minutes=minutes.value), credited, blocked]))
    failed = Event.objects.filter(player_id=player.pk, type="deposit.failed", happened_at__gt=since).count()
    if failed < most.value:
        return
    if blocked is not None:
        accounts.suspend_by_house(player_id=player.pk, note="Deposits went on failing after they had been blocked once.", by=calls.house(), now=now)
        return
    try:
        set_block(player_id=player.pk, kind=DEPOSIT, reason=REASON, source=SOURCE, by=calls.house(), now=now)
    except PlayerRefused:  # blocked by us already, before the deposit that was credited last
        return
