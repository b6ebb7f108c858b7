"""A message about a payment offers the player's own payments, and takes no other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from players.models import Message
from tests.casino import asked, new_player, new_withdrawal, open_casino
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db
TEMPLATE = "withdrawal_delayed"


def test_the_open_withdrawal_stands_first_and_nothing_else_is_taken():
    nova, now = open_casino(), timezone.now()
    waits = new_withdrawal(nova, "40.00", deposit="300.00", now=now - timedelta(hours=2))
    newer = asked(waits.player, waits.instrument, "50.00", now=now)
    other = new_withdrawal(nova, "60.00", now=now)
    client = signed_in(make_person("support", brands=[nova]))
    url = f"/players/{waits.player_id}/write/?template={TEMPLATE}"

    choices = client.get(url).context["form"].fields["value-payment"].choices
    assert [value for value, _label in choices][:2] == [newer.name, waits.name]
    assert dict(choices)[waits.name].replace("\u00a0", " ") == f"{waits.name} \u00b7 40.00 EUR \u00b7 Requested"
    assert other.name not in dict(choices)

    said = client.post(url, {"language": "en", "key": "k", "do": "preview", "value-payment": waits.name})
    assert f"still looking at {waits.name}" in said.text
    refused = client.post(url, {"language": "en", "key": "k", "do": "preview", "value-payment": other.name})
    assert refused.status_code == 422
    assert not Message.objects.filter(by__isnull=False).exists()


def test_without_payments_it_is_typed():
    nova = open_casino()
    player = new_player(nova)
    client = signed_in(make_person("support", brands=[nova]))
    page = client.get(f"/players/{player.pk}/write/?template={TEMPLATE}").text
    assert '<input type="text" name="value-payment"' in page
