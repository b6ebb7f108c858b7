"""What payments says where staff work on a profile: what becomes of money when an account is closed, and what a caller may be asked about it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from django.db.models import Count, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.ui import money
from payments.models import Deposit, Withdrawal
from payments.selectors.player import STATES
from players.models import Player
from players.profile.consequences import Sentence
from wallet import balances


def address_of(player_id: int, name: str) -> str:
    """Where a payment of the player's is, by its name; "" when there is none."""
    kind, _dash, number = name.partition("-")
    model: type[Deposit | Withdrawal] = Withdrawal if kind == "WD" else Deposit
    if not model.objects.filter(pk=int(number), player_id=player_id).exists():
        return ""
    return reverse(f"payments:{model._meta.model_name}", args=[int(number)])


def last_deposit(player: Player) -> str:
    """The amount of the player's latest credited deposit, for who asks a caller."""
    found = Deposit.objects.filter(player=player, state="credited").order_by("-credited_at").values_list("amount", flat=True).first()
    return format(found.normalize(), "f") if found is not None else ""


def same_amount(typed: str, right: str) -> bool:
    """`1.250,50`, `1,250.50` and `1250.5` say the same amount."""
    digits = typed.replace(" ", "").replace("\xa0", "")
    if "," in digits and "." in digits:
        digits = digits.replace("." if digits.rfind(",") > digits.rfind(".") else ",", "")
    try:
        return Decimal(digits.replace(",", ".")) == Decimal(right)
    except InvalidOperation:
        return False


def says(player: Player, to: str) -> Iterable[Sentence]:
    if to == "active":
        yield Sentence(_("Deposits are taken again."), "deposit")
        return
    yield Sentence(_("Deposits are refused. One that is under way is still credited when it arrives."), "deposit")
    rows = Withdrawal.objects.filter(player=player, state__in=STATES["open"][1]).order_by().values("currency").annotate(sum=Sum("amount"), n=Count("pk"))
    for row in rows.order_by("currency"):
        words = ngettext(
            "%(n)s open withdrawal of %(amount)s stays where it is and is decided and paid as before.",
            "%(n)s open withdrawals of %(amount)s together stay where they are and are decided and paid as before.", row["n"],
        )  # fmt: skip
        yield Sentence(words % {"n": row["n"], "amount": money.write(row["sum"], row["currency"])}, "withdraw")
    for held in balances.of_player(player.pk):
        if held.cash > Decimal(0):
            words = _("%(amount)s stays the player's: the front end can still ask for it to be paid out.")
            yield Sentence(words % {"amount": money.write(held.cash, held.currency)}, "card")
        if held.bonus > Decimal(0):
            yield Sentence(_("%(amount)s of bonus money stays as it is.") % {"amount": money.write(held.bonus, held.currency)}, "gift")


def held_for(holds: Sequence[int]) -> dict[int, str]:
    """The withdrawals that money is held for, by hold."""
    return {hold: f"WD-{number}" for hold, number in Withdrawal.objects.filter(hold_id__in=holds).values_list("hold_id", "pk")}
