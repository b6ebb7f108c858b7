"""Whether a player may be contacted: one fact for each channel and purpose, computed here and nowhere else.

Consent × exclusion × block × law, read at the moment of use. What is not known is never a yes: without a pack in force nobody gets marketing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from backoffice.scope import packs
from backoffice.scope.models import Jurisdiction
from backoffice.ui import words
from players.blocks import CONTACT, selectors, sources
from players.models import Block, Consent, Player

EMAIL, SMS, PHONE, POST, PUSH = Consent.EMAIL, Consent.SMS, Consent.PHONE, Consent.POST, Consent.PUSH
CHANNELS = dict(Consent.CHANNELS)
SERVICE, MARKETING = "service", "marketing"
PURPOSES = {SERVICE: _("Service"), MARKETING: _("Marketing")}
LAW = {
    EMAIL: "contact.electronic_by_consent", SMS: "contact.electronic_by_consent", PUSH: "contact.electronic_by_consent",
    PHONE: "contact.phone_by_consent", POST: "contact.post_by_consent",
}  # fmt: skip
EXCLUDED = "contact.none_to_excluded"
# Why, as it stands in logs, on the API and in exports. The first four allow.
WHY = {
    "owed": _("The player is owed it"), "consented": _("The player agreed"), "not_objected": _("The law lets it until the player objects"),
    "contact_blocked": _("Contact is blocked"), "excluded": _("The player is excluded from gambling"), "account_suspended": _("The account is suspended"),
    "account_closed": _("The account is closed"), "account_dormant": _("The account is dormant"),
    "account_merged": _("The account is merged into another one"),
    "withdrawn": _("The player said no"), "no_consent": _("The player has not agreed"),
    "law_unknown": _("No law is in force here"), "no_address": _("We have no address for it"),
}  # fmt: skip
words.name({f"contact.{code}": said for code, said in WHY.items()})


@dataclass(frozen=True)
class Answer:
    """Whether one channel may be used for one purpose, and why. `citation` is the clause, where the law says so."""

    channel: str
    purpose: str
    allowed: bool
    why: str
    citation: str = ""
    consent: Consent | None = None

    @property
    def words(self) -> str:
        return str(WHY[self.why])

    @property
    def label(self) -> str:
        return str(CHANNELS[self.channel])


class Contacts:
    """The answers for many players at one moment: what is read is read once for all of them, and only when somebody asks."""

    def __init__(self, players: Iterable[Player], *, now: datetime) -> None:
        self.now = now
        self.players = {player.pk: player for player in players}

    @cached_property
    def _blocks(self) -> Mapping[int, list[Block]]:
        return selectors.of_many(self.players, now=self.now)

    @cached_property
    def _consents(self) -> Mapping[tuple[int, str], Consent]:
        rows = Consent.objects.filter(player_id__in=self.players).order_by("player_id", "channel", "-at", "-pk").distinct("player_id", "channel")
        return {(one.player_id, one.channel): one for one in rows}

    def answer(self, player_id: int, channel: str, purpose: str) -> Answer:
        """Raises KeyError for a player who is not among these, and for a channel that there is not."""
        player, blocks = self.players[player_id], self._blocks.get(player_id, [])
        consent = self._consents.get((player_id, channel)) if purpose == MARKETING else None

        def said(why: str, citation: str = "") -> Answer:
            allowed = why in {"owed", "consented", "not_objected"}
            if allowed and not _address(player, channel):
                allowed, why = False, "no_address"
            return Answer(channel, purpose, allowed, why, citation, consent)

        if any(one.kind == CONTACT for one in blocks):
            return said("contact_blocked")
        if purpose == SERVICE:
            return said("owed")
        try:
            law = packs.in_force(player.jurisdiction_id, on=self.now.date()).numbers
        except packs.NoPack:
            law = {}
        excluding = sources.excluding()
        if any(one.source in excluding for one in blocks) and (not law or law[EXCLUDED].value):
            return said("excluded", law[EXCLUDED].citation if law else "")
        if player.state != "active":
            return said(f"account_{player.state}")
        if consent is not None and not consent.given:
            return said("withdrawn")
        if not law:
            return said("law_unknown")
        rule = law[LAW[channel]]
        if consent is not None:
            return said("consented", rule.citation)
        return said("no_consent" if rule.value else "not_objected", rule.citation)

    def of(self, player_id: int) -> list[Answer]:
        """Every channel and purpose of one player, service first."""
        return [self.answer(player_id, channel, purpose) for purpose in PURPOSES for channel in CHANNELS]


def _address(player: Player, channel: str) -> bool:
    """E-mail and phone are kept here. Postal addresses and devices that take pushes are the CRM's to know."""
    if channel == EMAIL:
        return bool(player.email_cipher)
    if channel in {SMS, PHONE}:
        return bool(player.phone_cipher)
    return True


def allowed(rows: QuerySet[Player], channel: str, purpose: str, *, now: datetime) -> QuerySet[Player]:
    """Those of many players who may be contacted so: the same answer as of `Contacts`, found by the database (held to it by a test over every case)."""
    blocked = Block.objects.filter(selectors.standing(now), player=OuterRef("pk"))
    rows = rows.exclude(Exists(blocked.filter(kind=CONTACT)))
    if channel in {EMAIL, SMS, PHONE}:
        rows = rows.exclude(**{"email_cipher" if channel == EMAIL else "phone_cipher": ""})
    if purpose == SERVICE:
        return rows
    last = Consent.objects.filter(player=OuterRef("pk"), channel=channel).order_by("-at", "-pk").values("given")[:1]
    rows = rows.filter(state="active").annotate(consent_given=Subquery(last)).filter(Q(consent_given=None) | Q(consent_given=True))
    excluded = Exists(blocked.filter(source__in=sources.excluding()))
    under = Q(pk=None)  # nobody, where no law is in force
    for jurisdiction_id in Jurisdiction.objects.values_list("pk", flat=True):
        try:
            law = packs.in_force(jurisdiction_id, on=now.date()).numbers
        except packs.NoPack:
            continue
        here = Q(jurisdiction=jurisdiction_id)
        if law[LAW[channel]].value:
            here &= Q(consent_given=True)
        if law[EXCLUDED].value:
            here &= ~Q(excluded)
        under |= here
    return rows.filter(under)


def answer(player: Player, channel: str, purpose: str, *, now: datetime) -> Answer:
    """Whether this player may be contacted now by this channel for this purpose."""
    return Contacts([player], now=now).answer(player.pk, channel, purpose)


def of(player: Player, *, now: datetime) -> list[Answer]:
    """Every channel and purpose."""
    return Contacts([player], now=now).of(player.pk)
