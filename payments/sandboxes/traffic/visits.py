"""What a player does in one visit, as a story that pauses: each `yield` is a number of seconds until it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

from . import people
from .client import Client, Refused
from .pool import Known, Pool

PROVIDER = "nordpay"
MAY_CANCEL = frozenset({"SE", "CA-ON"})
WAITS = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 30.0)  # seconds between two questions about a deposit

# Times the typical amount; the last is more than one person may approve.
SIZES, SIZE_WEIGHTS = (1.0, 3.0, 40.0), (84, 10, 6)


class Visit:
    """One visit. `tag` names it and makes its requests' keys; everything is drawn from `draw`."""

    def __init__(self, *, client: Client, pool: Pool, brand: str, tag: str, draw: Random, today: date | None = None) -> None:
        self.client, self.pool, self.brand, self.tag, self.draw = client, pool, brand, tag, draw
        self.today = today or datetime.now(UTC).date()
        self._number = 0
        self.done: list[str] = []  # what happened, for the tally

    def story(self) -> Iterator[float]:
        """From the door to the end. Raises Refused only for what a front end could not expect."""
        known = None if self.draw.random() < self._newcomers() else self.pool.take(self.brand, self.draw)
        player = known or self._register()
        try:
            if not self._sign_in(player):
                return
            yield self.draw.uniform(0.5, 2.0)
            yield from self._money(player)
        finally:
            self.pool.give(player)

    def _newcomers(self) -> float:
        """The fewer people are known, the more of the visits are by new ones."""
        return max(0.12, 1.0 - self.pool.size(self.brand) / 60)

    def _key(self) -> str:
        self._number += 1
        return f"{self.tag}-{self._number}"

    def _post(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        return self.client.post(path, body, key=self._key())

    # ---- who ----

    def _register(self) -> Known:
        who = people.person(self.draw, brand=self.brand, tag=self.tag, today=self.today)
        market = who.market
        answer = self._post(
            "/players",
            {
                "external_id": self.tag, "jurisdiction": market.jurisdiction, "first_name": who.first_name, "last_name": who.last_name,
                "birth_date": who.birth_date.isoformat(), "country": market.country, "currency": market.currency, "email": who.email,
                "phone": who.phone, "language": market.language,
            },
        )  # fmt: skip
        self.done.append("registered")
        return Known(
            id=answer["id"], brand=self.brand, name=who.name, country=market.country, currency=market.currency,
            may_cancel=market.jurisdiction in MAY_CANCEL,
        )  # fmt: skip

    def _sign_in(self, player: Known) -> bool:
        """Mostly from a device and a country that are known."""
        if not player.devices or self.draw.random() < 0.06:
            player.devices = [*player.devices[-3:], [f"{self.draw.getrandbits(48):012x}", self.draw.choice(people.DEVICES)]]
        fingerprint, device = self.draw.choice(player.devices)
        abroad = self.draw.random() < 0.04
        answer = self._post(
            f"/players/{player.id}/sign-ins",
            {
                "fingerprint": fingerprint, "device": device, "ip": people.address(self.draw), "succeeded": self.draw.random() > 0.03,
                "country": self.draw.choice(people.ABROAD) if abroad else player.country,
            },
        )  # fmt: skip
        self.done.append("signed_in" if answer["admitted"] else "not_admitted")
        return bool(answer["admitted"])

    def _instrument(self, player: Known) -> dict[str, Any]:
        """One of the player's, or a new one; a few belong to somebody else."""
        if player.means and self.draw.random() < 0.88:
            return self.draw.choice(player.means)
        return self._add_instrument(player, people.kind_of_means(self.draw))

    def _add_instrument(self, player: Known, kind: str) -> dict[str, Any]:
        holder = player.name
        if self.draw.random() < 0.06:
            holder = people.person(self.draw, brand=self.brand, tag="x", today=self.today).name
        market = people.Market("", player.country, player.currency, "", 0)
        who = people.Person(self.brand, market, "", "", self.today, "", "")
        made = people.means(self.draw, who, kind, holder=holder)
        answer = self._post(
            f"/players/{player.id}/instruments",
            {
                "kind": made.kind, "label": made.label, "provider": PROVIDER, "token": made.token, "last4": made.last4,
                "holder_name": made.holder_name, "detail": made.detail, "country": made.country or None,
            },
        )  # fmt: skip
        kept = {"id": answer["id"], "kind": made.kind, "currency": made.currency}
        player.means = [*player.means[-4:], kept]
        self.done.append("instrument_added")
        return kept

    # ---- money ----

    def _money(self, player: Known) -> Iterator[float]:
        balances = self._balances(player)
        wish = self.draw.random()
        if not balances or wish < 0.45:
            credited: list[str] = []
            yield from self._deposit(player, credited)
            if credited and self.draw.random() < 0.55:
                yield self.draw.uniform(3, 20)
                yield from self._withdraw(player, self._balances(player))
        elif wish < 0.9:
            yield from self._withdraw(player, balances)

    def _balances(self, player: Known) -> dict[str, Decimal]:
        """Cash by currency, in its units, where there is any."""
        rows = self.client.get(f"/players/{player.id}/balances")["balances"]
        return {row["currency"]: Decimal(row["cash"]) for row in rows if Decimal(row["cash"]) > 0}

    def _deposit(self, player: Known, credited: list[str]) -> Iterator[float]:
        """Pays in and asks until it is clear what came of it; puts the currency into `credited` when it was."""
        means = self._instrument(player)
        currency = means["currency"]
        times = self.draw.choices(SIZES, weights=SIZE_WEIGHTS)[0]
        deposit = self._pay("/deposits", player, means, people.amount(self.draw, currency, times=times))
        self.done.append("deposit")
        for wait in WAITS:
            if deposit["state"] not in {"initiated", "authorised", "captured", "unknown"}:
                break
            yield wait
            deposit = self.client.get(f"/deposits/{deposit['id']}")
        self.done.append(f"deposit_{deposit['state']}")
        if deposit["state"] == "credited":
            credited.append(currency)

    def _withdraw(self, player: Known, balances: dict[str, Decimal]) -> Iterator[float]:
        """Asks for money by a way that carries the currency; some add one just before, some change their mind."""
        worth = {code: cash / Decimal(people.TYPICAL[code][0]) for code, cash in balances.items()}
        currency = max(worth, key=lambda code: worth[code], default="")
        if not currency or worth[currency] < Decimal("0.2"):
            return
        fitting = [one for one in player.means if one["currency"] == currency]
        if not fitting or self.draw.random() < 0.1:
            kinds = (currency,) if currency in {"BTC", "ETH"} else ("bank", "card", "wallet")
            fitting = [self._add_instrument(player, self.draw.choice(kinds))]
            yield self.draw.uniform(1, 4)
        try:
            made = self._pay("/withdrawals", player, self.draw.choice(fitting), people.share_of(self.draw, balances[currency], currency))
        except Refused as no:
            if no.code not in {"insufficient_funds", "wallet_frozen"}:
                raise
            self.done.append(f"refused_{no.code}")
            return
        self.done.append("withdrawal")
        if self.draw.random() < (0.12 if player.may_cancel else 0.03):
            yield self.draw.uniform(5, 40)
            self._change_of_mind(made["id"])

    def _change_of_mind(self, withdrawal: int) -> None:
        """Where the law lets nobody take a withdrawal back, some try all the same."""
        try:
            self._post(f"/withdrawals/{withdrawal}/cancel", None)
            self.done.append("cancelled")
        except Refused as no:
            if no.code not in {"cancel_forbidden", "already_decided"}:
                raise
            self.done.append(f"refused_{no.code}")

    def _pay(self, path: str, player: Known, means: dict[str, Any], amount: Decimal) -> dict[str, Any]:
        money = {"amount": format(amount, "f"), "currency": means["currency"]}
        body = {"player_id": player.id, "instrument_id": means["id"], "money": money, "ip": people.address(self.draw)}
        return self._post(path, body)
