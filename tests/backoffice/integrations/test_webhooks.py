"""Webhooks to others: signed, tried again with patience that ends, kept, repeated by hand, and never into our own network."""

import hashlib
import hmac
import json
import socket
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.integrations.models import Delivery, Endpoint
from backoffice.integrations.webhooks import addresses, delivering, services, topics
from tests.backoffice.alerts.tools import listening
from tests.people import make_brand, make_person, signed_in
from tests.races import race

NOW = timezone.now()
BY = Actor.system("test")


@pytest.fixture(autouse=True)
def _local(settings):
    settings.WEBHOOK_PRIVATE_ADDRESSES = True


def add(url="http://127.0.0.1:1/hooks", **more):
    given = {"name": "Pager", "topic_codes": ["alert.firing"], "brand": None, "by": BY, "now": NOW, **more}
    return services.create(url=url, **given).endpoint


def publish(key="k1", **more):
    return services.publish(topic="alert.firing", data={"alert": "AL-1"}, key=key, now=NOW, **more)


def due_now(row):
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())


@pytest.mark.django_db
def test_a_message_goes_once_to_each_endpoint_that_takes_its_topic_and_hears_of_its_brand():
    nova, fjord = make_brand(), make_brand("fjord", market="SE")
    every, ours, theirs = add(), add(brand=nova), add(brand=fjord)
    off, other = add(), add(topic_codes=["alert.resolved"])
    services.set_active(endpoint_id=off.pk, active=False, by=BY, now=NOW)
    assert publish(brand_id=nova.pk) == 2
    assert publish(brand_id=nova.pk) == 0
    assert sorted(Delivery.objects.values_list("endpoint_id", flat=True)) == [every.pk, ours.pk]
    assert publish(key="of no brand") == 1
    assert publish(key="narrowed", brand_id=fjord.pk, to=[theirs.pk, other.pk]) == 1
    with pytest.raises(topics.UnknownTopic):
        services.publish(topic="no.such", data={}, key="k", now=NOW)
    body = json.loads(Delivery.objects.filter(key="k1").first().body)
    assert body == {"id": "k1", "topic": "alert.firing", "version": 1, "at": NOW.isoformat(), "data": {"alert": "AL-1"}}


@pytest.mark.django_db
def test_the_receiver_can_check_the_signature_and_a_wrong_secret_is_refused(tmp_path):
    with listening(tmp_path) as listener:
        right, wrong = add(f"{listener.url}/hooks?a=1", secret="s3cret"), add(f"{listener.url}/hooks", secret="another")
        publish()
        assert delivering.sweep(now=timezone.now()) == 2
        good, bad = Delivery.objects.get(endpoint=right), Delivery.objects.get(endpoint=wrong)
        assert (good.state, good.attempts, [(one.number, one.status) for one in good.tries.all()]) == ("delivered", 1, [(1, 204)])
        assert (bad.state, [(one.status, one.detail) for one in bad.tries.all()]) == ("queued", [(401, "wrong signature")])
        assert [one["id"] for one in listener.took] == ["k1"]
        assert delivering.sweep(now=timezone.now()) == 0


def test_the_signature_is_the_one_of_the_api(monkeypatch):
    """docs/api.md: time, method, path with query, digest of the body; one way to sign in both directions."""
    from backoffice.integrations import signing

    text = "1.5\nPOST\n/hooks?a=1\n" + hashlib.sha256(b"{}").hexdigest()
    expected = "v1=" + hmac.new(b"s", text.encode(), hashlib.sha256).hexdigest()
    assert signing.sign(secret="s", timestamp="1.5", method="POST", path="/hooks?a=1", body=b"{}") == expected


@pytest.mark.django_db
def test_what_is_not_taken_is_tried_again_later_and_later_and_in_the_end_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(delivering, "FAILURES_TO_OPEN", 1_000)
    with listening(tmp_path) as listener:
        listener.tell("fail")
        add(f"{listener.url}/hooks", secret="s3cret")
        publish()
        row = Delivery.objects.get()
        for attempt in range(1, 13):
            before = timezone.now()
            state = delivering.deliver(row.pk)
            row.refresh_from_db()
            assert (state, row.attempts) == ("queued" if attempt < 12 else "failed", attempt)
            if attempt < 12:
                least = min(10 * 2 ** (attempt - 1), 3600)
                assert timedelta(seconds=least) <= row.next_attempt_at - before <= timedelta(seconds=least * 1.5 + 20)
                assert delivering.deliver(row.pk) == "taken"  # not before its time
                due_now(row)
        assert [one.status for one in row.tries.all()] == [503] * 12
        assert (row.next_attempt_at, listener.took) == (None, [])


@pytest.mark.django_db
def test_an_endpoint_that_keeps_failing_is_left_alone_and_one_try_decides(tmp_path):
    with listening(tmp_path) as listener:
        listener.tell("fail")
        endpoint = add(f"{listener.url}/hooks", secret="s3cret")
        for number in range(7):
            publish(key=f"k{number}")
        assert delivering.sweep(now=timezone.now()) == 7
        endpoint.refresh_from_db()
        assert endpoint.failures == 5  # the sixth and seventh were not even tried
        assert endpoint.open_until > timezone.now()
        assert delivering.due(now=timezone.now()) == []
        assert sum(row.tries.count() for row in Delivery.objects.all()) == 5

        listener.tell("heal")
        Endpoint.objects.update(open_until=timezone.now())
        Delivery.objects.update(next_attempt_at=timezone.now())
        assert delivering.sweep(now=timezone.now()) == 7
        assert (Endpoint.objects.get().failures, Endpoint.objects.get().open_until) == (0, None)
        assert Delivery.objects.filter(state="delivered").count() == 7
        assert len(listener.took) == 7


@pytest.mark.django_db
def test_nobody_there_is_kept_as_an_attempt_without_an_answer():
    add()
    publish()
    delivering.sweep(now=timezone.now())
    attempt = Delivery.objects.get().tries.get()
    assert attempt.status is None
    assert attempt.detail.startswith("ConnectError")


def test_two_workers_deliver_once(committed_db, tmp_path):
    with listening(tmp_path) as listener:
        add(f"{listener.url}/hooks", secret="s3cret")
        publish()
        pk = Delivery.objects.get().pk
        assert sorted(race(*[lambda: delivering.deliver(pk)] * 4)) == ["delivered", "taken", "taken", "taken"]
        assert len(listener.took) == 1


@pytest.mark.django_db
def test_sending_again_is_a_delivery_of_its_own_with_the_same_body(tmp_path):
    with listening(tmp_path) as listener:
        endpoint = add(f"{listener.url}/hooks", secret="s3cret")
        publish()
        row = Delivery.objects.get()
        with pytest.raises(services.StillWaiting):
            services.replay(delivery_id=row.pk, by=BY, now=NOW)
        delivering.sweep(now=timezone.now())
        again = services.replay(delivery_id=row.pk, by=BY, now=timezone.now())
        assert services.replay(delivery_id=row.pk, by=BY, now=timezone.now()).pk == again.pk  # the button, twice
        delivering.sweep(now=timezone.now())
        again.refresh_from_db()
        assert (again.state, again.body, again.replay_of_id) == ("delivered", row.body, row.pk)
        assert [one["id"] for one in listener.took] == ["k1", "k1"]  # a receiver knows it by its id
        assert Event.objects.filter(type="webhook.replayed").count() == 1
        services.set_active(endpoint_id=endpoint.pk, active=False, by=BY, now=NOW)
        with pytest.raises(services.SwitchedOff):
            services.replay(delivery_id=row.pk, by=BY, now=NOW + timedelta(hours=1))


@pytest.mark.django_db
def test_switching_off_ends_what_waits_and_is_a_fact():
    endpoint = add()
    publish()
    services.set_active(endpoint_id=endpoint.pk, active=False, by=BY, now=NOW)
    services.set_active(endpoint_id=endpoint.pk, active=False, by=BY, now=NOW)
    assert Delivery.objects.get().state == "failed"
    assert delivering.sweep(now=timezone.now()) == 0
    types = list(Event.objects.filter(subject_type="integrations.endpoint").order_by("id").values_list("type", flat=True))
    assert types == ["webhook.endpoint_added", "webhook.endpoint_off"]
    assert endpoint.secret not in "".join(Event.objects.filter(subject_type="integrations.endpoint").values_list("after", flat=True))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/", "ftp://hooks.example/", "https:///x", "hooks.example", "https://user:pw@hooks.example/", "https://hooks.example/#x",
        "https://hooks.example/a b", "https://hooks.example:0/", "https://hooks.example:99999/", "https://hööks.example/", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_an_address_that_is_none_or_not_safe_is_refused_when_it_is_typed(settings, url):
    settings.WEBHOOK_PRIVATE_ADDRESSES = False
    with pytest.raises(addresses.Refused):
        addresses.parse(url)


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("93.184.216.34", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.1", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False),
        ("fe80::1%eth0", False), ("fc00::1", False), ("::ffff:127.0.0.1", False), ("::ffff:93.184.216.34", True), ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False), ("::", False),
    ],
)  # fmt: skip
def test_which_addresses_are_outside(address, outside):
    assert addresses.outside(address) is outside


def answers(*found):
    return lambda *_args, **_kwargs: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in found]


def test_a_name_is_looked_up_once_and_the_call_goes_to_the_address_that_was_checked(settings, monkeypatch):
    settings.WEBHOOK_PRIVATE_ADDRESSES = False
    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.216.34"))
    target = addresses.resolve("https://hooks.example/in?x=1")
    assert target == addresses.Target("https://93.184.216.34:443/in?x=1", "hooks.example", "hooks.example", "/in?x=1")
    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.216.34", "10.0.0.5"))
    with pytest.raises(addresses.Refused):
        addresses.resolve("https://hooks.example/")


@pytest.mark.django_db
def test_a_name_that_points_inside_gets_no_byte_and_the_attempt_says_why(settings, tmp_path):
    with listening(tmp_path) as listener:
        add(f"{listener.url}/hooks".replace("http:", "https:"), secret="s3cret")
        settings.WEBHOOK_PRIVATE_ADDRESSES = False
        publish()
        delivering.sweep(now=timezone.now())
        assert Delivery.objects.get().tries.get().detail == "127.0.0.1 is an address inside a network of its own."
        assert listener.took == []


@pytest.mark.django_db
def test_the_pages_from_adding_to_sending_again(tmp_path):
    nova = make_brand()
    owner = signed_in(make_person("owner", brands=[nova]))
    assert "Nobody outside is told anything" in owner.get(reverse("integrations:webhooks")).content.decode()
    with listening(tmp_path) as listener:
        bad = owner.post(reverse("integrations:webhook-add"), {"name": "x", "url": "ftp://x", "topics": ["alert.firing"]})
        assert bad.status_code == 422
        made = owner.post(reverse("integrations:webhook-add"), {"name": "On call", "url": f"{listener.url}/hooks", "topics": ["alert.firing"], "brand": ""})
        endpoint = Endpoint.objects.get()
        assert (made.status_code, made["Cache-Control"]) == (200, "no-store")
        assert endpoint.secret in made.content.decode()
        page = owner.get(reverse("integrations:webhook", args=[endpoint.pk])).content.decode()
        assert endpoint.secret not in page
        assert "Nothing was sent yet" in page
        publish()
        delivering.sweep(now=timezone.now())  # the catcher knows another secret: 401
        row = Delivery.objects.get()
        shown = owner.get(reverse("integrations:webhook-delivery", args=[row.pk])).content.decode()
        assert "wrong signature" in shown
        assert "Send again" not in shown  # it is still being tried
        Delivery.objects.update(state="failed", next_attempt_at=None, ended_at=timezone.now())
        gone = owner.post(reverse("integrations:webhook-replay", args=[row.pk]))
        assert gone["Location"] == reverse("integrations:webhook-delivery", args=[Delivery.objects.latest("pk").pk])
        assert "No deliveries match" in owner.get(reverse("integrations:webhook", args=[endpoint.pk]) + "?state=delivered").content.decode()


@pytest.mark.django_db
def test_what_the_pages_cost_whatever_their_length():
    client = signed_in(make_person("owner", brands=[make_brand()]))
    endpoint = add()
    counted = {}
    for many in (1, 30):
        for number in range(many):
            publish(key=f"{many}-{number}")
        for name, args in (("webhooks", []), ("webhook", [endpoint.pk]), ("webhook-delivery", [Delivery.objects.earliest("pk").pk])):
            client.get(reverse(f"integrations:{name}", args=args))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse(f"integrations:{name}", args=args)).status_code == 200
            counted[name, many] = len(queries)
    assert {name: counted[name, 1] for name in ("webhooks", "webhook", "webhook-delivery")} == {
        name: counted[name, 30] for name in ("webhooks", "webhook", "webhook-delivery")
    }
    assert max(counted.values()) <= 8
