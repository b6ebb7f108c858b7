"""Who gets in: a request signed by the brand's own key, now, over these very bytes. And the example in the guide is right."""

import time
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.integrations import keys, limits, signing
from backoffice.integrations.models import ApiKey
from players.models import Player
from tests.api import ROOT, Casino, front_end, payment, person, problem

GUIDE = Path(__file__).parents[3] / "docs" / "api.md"


def test_a_signed_request_comes_in(casino: Casino) -> None:
    answer = casino.nova.get(f"/players/{casino.nova.register()}")

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "tampered",
    [
        {"signed_body": b'{"something": "else"}'},
        {"signed_path": f"{ROOT}/deposits"},
        {"signed_path": f"{ROOT}/players?admin=1"},
        {"signed_method": "PUT"},
        {"secret": "not the secret"},
        {"signature": "v1=" + "0" * 64},
        {"signature": "v2=" + "0" * 64},
        {"signature": "v1=" + "G" * 64},
        {"timestamp": "yesterday"},
        {"timestamp": "-1767225600"},
        {"key_id": "ck_unknown"},
        {"without": ("Countroom-Signature",)},
        {"without": ("Countroom-Timestamp",)},
        {"without": ("Countroom-Key",)},
    ],
)
def test_what_is_not_signed_as_it_is_sent_stays_out(casino: Casino, tampered: dict) -> None:
    answer = casino.nova.post("/players", person(), **tampered)

    problem(answer, 401, "not_signed")
    assert answer["WWW-Authenticate"] == "Countroom-HMAC-SHA256"
    assert not Player.objects.exists()


@pytest.mark.parametrize("off", [-301, 301])
def test_a_stale_signature_stays_out(casino: Casino, off: int) -> None:
    problem(casino.nova.post("/players", person(), timestamp=str(int(time.time()) + off)), 401, "not_signed")
    assert not Player.objects.exists()


@pytest.mark.parametrize("off", [-290, 290])
def test_clocks_may_differ_a_little(casino: Casino, off: int) -> None:
    assert casino.nova.post("/players", person(), timestamp=str(int(time.time()) + off)).status_code == 201


def test_the_query_is_signed(casino: Casino) -> None:
    path = f"{ROOT}/withdrawals?limit=5"

    assert casino.nova.get("/withdrawals?limit=5").status_code == 200
    problem(casino.nova.get("/withdrawals?limit=6", signed_path=path), 401, "not_signed")


def test_a_signature_cannot_become_another_request(casino: Casino) -> None:
    stamp, body = f"{time.time():.6f}", person()
    assert casino.nova.post("/players", body, timestamp=stamp, key="first").status_code == 201

    problem(casino.nova.post("/players", body, timestamp=stamp, key="second"), 401, "signature_reused")
    assert casino.nova.post("/players", body, timestamp=stamp, key="first")["Idempotency-Replayed"] == "true"


def test_a_revoked_key_stays_out_at_once(casino: Casino) -> None:
    keys.revoke_key(key_id=casino.nova.key.key_id, by=Actor.system("Test"), now=timezone.now(), reason="Leaked")

    problem(casino.nova.post("/players", person()), 401, "not_signed")
    assert not Player.objects.exists()
    assert Event.objects.filter(type="api_key.revoked", reason="Leaked").count() == 1


def test_a_key_does_what_its_scopes_say(casino: Casino) -> None:
    reader = front_end("nova", "Nova", "Europe/Malta", "EUR", ("MT",), now=timezone.now(), allowed=["players:read"])
    player = casino.nova.register()

    assert reader.get(f"/players/{player}").status_code == 200
    refused = problem(reader.post("/players", person()), 403, "scope_missing")
    assert refused["scope"] == "players:write"
    assert Player.objects.count() == 1


def test_another_brand_is_not_there(casino: Casino) -> None:
    player, instrument = casino.nova.funded()
    withdrawal = casino.nova.withdraw(player, instrument).json()["id"]

    for path in ("", "/balances", "/instruments"):
        problem(casino.fjord.get(f"/players/{player}{path}"), 404, "not_found")
    for path in (f"/withdrawals/{withdrawal}", f"/withdrawals?player={player}"):
        problem(casino.fjord.get(path), 404, "not_found")
    for path, body in (
        (f"/players/{player}/sign-ins", {"ip": "203.0.113.7"}),
        ("/deposits", payment(player, instrument)),
        ("/withdrawals", payment(player, instrument)),
        (f"/withdrawals/{withdrawal}/cancel", None),
    ):
        problem(casino.fjord.post(path, body), 404, "not_found")
    assert casino.fjord.get("/withdrawals").json() == {"items": [], "next": None}


def test_a_key_has_so_many_requests_a_minute(casino: Casino, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2  # type: ignore[attr-defined]
    at = int(time.time()) // 60 * 60 + 15
    monkeypatch.setattr(limits, "clock", lambda: float(at))
    for _ in range(2):
        assert casino.nova.get("/withdrawals").status_code == 200

    refused = casino.nova.get("/withdrawals")

    problem(refused, 429, "too_many_requests")
    assert refused["Retry-After"] == "45"
    assert casino.fjord.get("/withdrawals").status_code == 200


def test_without_its_cache_the_interface_still_works(casino: Casino, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def __getattr__(self, name: str) -> object:
            raise ConnectionError

    monkeypatch.setattr(limits, "cache", Away())

    assert casino.nova.post("/players", person()).status_code == 201


def test_the_secret_is_shown_once_and_kept_sealed(casino: Casino) -> None:
    new = keys.create_key(brand=casino.nova.brand, name="Nova app", scopes=["players:read"], by=Actor.system("Test"), now=timezone.now())
    kept = ApiKey.objects.get(pk=new.key.pk)

    assert new.secret not in kept.secret_cipher
    assert kept.secret == new.secret
    assert new.secret not in repr(new)
    facts = Event.objects.filter(type="api_key.created", subject_id=new.key.pk)
    assert [new.secret in (fact.after or "") for fact in facts] == [False]


def test_using_a_key_is_noted_to_the_minute(casino: Casino) -> None:
    casino.nova.get("/withdrawals")
    first = ApiKey.objects.get(pk=casino.nova.key.pk).last_used_at
    casino.nova.get("/withdrawals")

    assert first is not None
    assert ApiKey.objects.get(pk=casino.nova.key.pk).last_used_at == first


def test_the_example_in_the_guide_is_right() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    body = b'{"player_id": 4711, "instrument_id": 9001, "money": {"amount": "25.00", "currency": "EUR"}}'
    secret, stamp = guide.split("Secret `")[1].split("`")[0], guide.split("Countroom-Timestamp: ")[1].split("\n")[0]

    assert body.decode() in guide
    assert signing.sign(secret=secret, timestamp=stamp, method="POST", path=f"{ROOT}/deposits", body=body) in guide
    assert signing.sign(secret=secret, timestamp=stamp, method="GET", path=f"{ROOT}/withdrawals?player=4711&limit=2", body=b"") in guide


def test_nobody_needs_a_key_for_the_documentation(db: None) -> None:
    page, source = Client().get("/api/docs"), Client().get(f"{ROOT}/openapi.json")

    assert page.status_code == source.status_code == 200
    assert "<script" not in page.content.decode()
    assert " style=" not in page.content.decode()
    assert "Start a deposit" in page.content.decode()
    operation = source.json()["paths"][f"{ROOT}/deposits"]["post"]
    assert operation["x-scope"] == "payments:write"
    assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}
