"""What a player has, for the strip on the player's page, and the one fact of the ledger about players."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from players import panels
from players.panels import Held, Looking
from players.timeline import declared
from players.timeline.declared import Said
from wallet import balances
from wallet.balances import PlayerBalance


def held(looking: Looking) -> Iterable[Held]:
    """Cash and what is held of each currency; the player's own at zero when no money has moved yet."""
    zero = Decimal(0)
    for one in balances.of_player(looking.player.pk) or [PlayerBalance(looking.player.currency, zero, zero, zero)]:
        yield Held(one.currency, _("Cash"), one.cash, 10)
        if one.bonus:
            yield Held(one.currency, _("Bonus"), one.bonus, 20)
        yield Held(one.currency, _("Held for withdrawals"), one.held, 30)


def plug_in() -> None:
    panels.register_held("wallet.balances", held, permission="wallet.view")
    declared.register(
        Said(
            type="ledger.key_reused", category="payments", text=_("A posting came a second time with other contents and was refused"), icon="book",
            tone="attention", permission="wallet.view",
        )
    )  # fmt: skip
