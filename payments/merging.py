"""Payments of two accounts that become one: what is under way on the one that goes has to end first."""

from collections.abc import Iterable

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from backoffice.ui import numbers
from payments.models import Deposit, Withdrawal
from payments.selectors.player import STATES
from players.merging import parts
from players.merging.parts import Line, Pair, Part

_DEPOSITS, _WITHDRAWALS = STATES["open"]
_KINDS = ((Withdrawal, _WITHDRAWALS), (Deposit, _DEPOSITS))


def _open(pair: Pair) -> list[tuple[int, int]]:
    """For withdrawals, then deposits: how many are under way on the account that goes, and on the one that stays."""
    found = []
    for model, states in _KINDS:
        rows = model.objects.filter(player__in=[pair.goes, pair.stays], state__in=states)
        counts = dict(rows.order_by().values_list("player_id").annotate(Count("pk")))
        found.append((counts.get(pair.goes.pk, 0), counts.get(pair.stays.pk, 0)))
    return found


def lines(pair: Pair) -> Iterable[Line]:
    for label, (goes, stays) in zip((_l("Withdrawals under way"), _l("Deposits under way")), _open(pair), strict=True):
        yield Line(label, numbers.whole(goes), numbers.whole(stays), _("Stands in the way") if goes else _("Stays as it is"))


def refuses(pair: Pair) -> Iterable[str]:
    (withdrawals, _stays), (deposits, _other) = _open(pair)
    words = {"number": pair.goes.pk}
    if withdrawals:
        yield _("A withdrawal of #%(number)s is under way. It has to end first.") % words
    if deposits:
        yield _("A deposit of #%(number)s is under way. It has to end first.") % words


def plug_in() -> None:
    parts.register("payments.open", Part(order=30, permission="payments.view_status", lines=lines, refuses=refuses))
