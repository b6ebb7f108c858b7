"""Two brands with a player each who paid in and asks for a withdrawal, and people who see different parts of it."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from players.services.instruments import add_instrument
from tests.casino import asked, new_player, new_withdrawal, open_casino, paid_in
from tests.people import make_brand, make_person, signed_in

IBAN, OTHER_IBAN = "MT84MALT011000012345MTLCAST001S", "DE89370400440532013000"


@pytest.fixture
def nova(db, opened):
    return open_casino()


def instrument_of(player, *, kind, last4, detail=""):
    from backoffice.audit.actors import Actor

    label = {"card": "Visa", "bank": "SEPA"}[kind]
    return add_instrument(
        player_id=player.pk, kind=kind, label=label, provider="nordpay", token=f"{kind}-{player.pk}", last4=last4, holder_name=player.name, detail=detail,
        by=Actor.player(player.pk), now=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def house(nova):
    """`mia` and `late` on Nova, `elsewhere` on Fjord, which only the owner's and the auditor's reach covers."""
    fjord = make_brand("fjord", market="SE")
    mia = new_player(nova)
    card, bank = instrument_of(mia, kind="card", last4="4242"), instrument_of(mia, kind="bank", last4="001S", detail=IBAN)
    paid_in(mia, card, "300.00")
    deposit = mia.deposits.get()
    open_one = asked(mia, bank, "100.00", now=timezone.now())
    late = new_withdrawal(nova, "40.00", now=timezone.now().replace(year=2025))
    elsewhere = new_withdrawal(fjord, "500.00", currency="SEK", now=timezone.now())
    instrument_of(elsewhere.player, kind="card", last4="4242")
    return SimpleNamespace(nova=nova, fjord=fjord, mia=mia, card=card, bank=bank, deposit=deposit, open=open_one, late=late, elsewhere=elsewhere)


@pytest.fixture
def ana(nova):
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


@pytest.fixture
def support(nova):
    return make_person("support", brands=[nova], name="Sofia Marin")


@pytest.fixture
def auditor(nova):
    return make_person("auditor", name="Otto Audit")


@pytest.fixture
def find():
    """What a person finds: ids (or titles) by group, through the page."""

    def ask(person, text, **more):
        response = signed_in(person).get("/search", {"q": text, **more})
        assert response.status_code == 200, response.headers
        found = response.context["found"]
        return {group.provider.code: [hit.id or hit.title for hit in group.found.hits] for group in found.groups}

    return ask
