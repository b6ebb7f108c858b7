"""Signing in: password, code, lock, session limits."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.access import lockouts, services, sessions
from backoffice.access.models import Lockout
from tests.people import PASSWORD, code_of, make_person, signed_in

pytestmark = pytest.mark.django_db
SIGN_IN, CODE, HOME = "/sign-in/", "/sign-in/code/", "/"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def ana(db):
    return make_person("payments-l1", name="Ana Novak")


def give_password(client: Client, person, password: str = PASSWORD):
    return client.post(SIGN_IN, {"login": person.email, "password": password})


def is_signed_in(client: Client) -> bool:
    return client.get(HOME).status_code == 200


def later(client: Client, **moved: timedelta) -> None:
    """Move the session's marks into the past."""
    session = client.session
    for name, by in moved.items():
        session[name] = timezone.now().timestamp() - by.total_seconds()
    session.save()


def test_password_and_code_open_the_house(client, ana):
    first = give_password(client, ana)
    assert (first.status_code, first["Location"]) == (302, CODE)
    assert not is_signed_in(client)

    second = client.post(CODE, {"code": code_of(ana)})
    assert (second.status_code, second["Location"]) == (302, HOME)
    assert is_signed_in(client)


def test_a_wrong_code_does_not(client, ana):
    give_password(client, ana)
    response = client.post(CODE, {"code": "000000"})
    assert "That code is not right" in response.content.decode()
    assert not is_signed_in(client)
    assert Lockout.objects.get().failures == 1


def test_a_code_works_once(client, ana):
    code = code_of(ana)
    give_password(client, ana)
    client.post(CODE, {"code": code})
    assert is_signed_in(client)

    other = Client()
    give_password(other, ana)
    other.post(CODE, {"code": code})
    assert not is_signed_in(other)


def test_a_recovery_code_stands_in_once(client, ana):
    code = RecoveryCodes.activate(ana).get_unused_codes()[0]
    give_password(client, ana)
    client.post(CODE, {"code": code})
    assert is_signed_in(client)
    assert code not in RecoveryCodes.activate(ana).get_unused_codes()


def test_known_and_unknown_addresses_are_refused_with_the_same_words(client, ana, settings):
    settings.SIGN_IN_FAILURES_BEFORE_LOCK = 3
    answers = {}
    for email in (ana.email, "nobody@countroom.example"):
        texts = []
        for _ in range(4):
            response = client.post(SIGN_IN, {"login": email, "password": "wrong"})
            texts.append([str(error) for error in response.context["form"].non_field_errors()])
        answers[email] = texts
    assert answers[ana.email] == answers["nobody@countroom.example"]
    assert answers[ana.email][0] == ["The e-mail address or the password is not right."]
    assert answers[ana.email][2:] == [["This sign-in is locked after too many failed attempts. An owner can unlock it."]] * 2


def test_a_locked_person_stays_out_with_the_right_password_until_an_owner_lifts_it(client, ana, settings):
    settings.SIGN_IN_FAILURES_BEFORE_LOCK = 3
    for _ in range(3):
        lockouts.note_failure(ana.email)
    assert "This sign-in is locked" in give_password(client, ana).content.decode()

    owner = make_person("owner")
    assert services.lift_lockout(staff=ana, by=owner, now=timezone.now()) is True
    assert give_password(client, ana)["Location"] == CODE


def test_wrong_codes_lock_too_and_the_right_one_comes_too_late(client, ana, settings):
    settings.SIGN_IN_FAILURES_BEFORE_LOCK = 3
    give_password(client, ana)
    for _ in range(3):
        client.post(CODE, {"code": "000000"})
    client.post(CODE, {"code": code_of(ana)})
    assert not is_signed_in(client)


def test_the_password_alone_does_not_forgive_failures(client, ana):
    lockouts.note_failure(ana.email)
    give_password(client, ana)
    assert Lockout.objects.get().failures == 1
    client.post(CODE, {"code": code_of(ana)})
    assert not Lockout.objects.exists()


def test_a_closed_account_is_told_so_and_its_sessions_end(client, ana):
    inside = signed_in(ana)
    assert is_signed_in(inside)
    services.set_active(staff=ana, active=False, by=None, now=timezone.now(), reason="Left")
    assert inside.get(HOME).status_code == 302
    assert give_password(client, ana)["Location"] == reverse("account_inactive")


def test_demo_people_are_refused_in_production_at_sign_in_and_in_a_session(client, ana, settings):
    type(ana).objects.filter(pk=ana.pk).update(is_demo=True)
    inside = signed_in(ana)
    settings.PRODUCTION = True
    assert "Demo people cannot sign in here" in give_password(client, ana).content.decode()
    assert inside.get(HOME).status_code == 302


def test_nobody_signs_up(client):
    assert client.get("/signup/").status_code == 404
    assert client.get("/accounts/signup/").status_code == 404


def test_a_session_ends_after_rest_and_says_why(ana):
    client = signed_in(ana)
    client.get(HOME)
    later(client, seen_at=timedelta(minutes=31))
    response = client.get("/people/?q=1")
    assert response["Location"] == "/sign-in/?ended=idle&next=%2Fpeople%2F%3Fq%3D1"
    assert "without activity" in client.get(response["Location"]).content.decode()


def test_a_session_ends_after_a_working_day_however_busy(ana):
    client = signed_in(ana)
    client.get(HOME)
    later(client, started_at=timedelta(hours=12, minutes=1))
    assert client.get(HOME)["Location"] == "/sign-in/?ended=limit"


def test_work_keeps_a_session_alive_and_background_polls_do_not(ana):
    client = signed_in(ana)
    client.get(HOME)
    later(client, seen_at=timedelta(minutes=20))
    client.get(HOME, headers={sessions.BACKGROUND: "1"})
    assert timezone.now().timestamp() - client.session["seen_at"] > 1_000
    client.get(HOME)
    assert timezone.now().timestamp() - client.session["seen_at"] < 10


def test_a_fragment_of_an_ended_session_sends_the_whole_page_to_the_sign_in(ana):
    client = signed_in(ana)
    client.get(HOME)
    later(client, seen_at=timedelta(minutes=31))
    response = client.get("/people/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (204, "/sign-in/?ended=idle")


def test_a_new_person_sets_up_the_second_factor_before_anything_else(client):
    person = make_person("support", second_factor=False)
    assert give_password(client, person)["Location"] == HOME
    assert client.get(HOME)["Location"] == "/account/second-factor/set-up/"

    page = client.get("/account/second-factor/set-up/")
    secret = page.context["form"].secret
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    code = format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30))
    done = client.post("/account/second-factor/set-up/", {"code": code})
    assert done["Location"] == "/account/second-factor/recovery-codes/"
    assert len(client.get(done["Location"]).context["unused_codes"]) == 10
    assert is_signed_in(client)


def test_a_session_older_than_the_second_factor_has_to_sign_in_again():
    person = make_person("support", second_factor=False)
    old, new = signed_in(person), signed_in(person)
    assert old.get(HOME).status_code == new.get(HOME).status_code == 302
    later(old, started_at=timedelta(minutes=3))
    make_totp(person)
    assert old.get(HOME)["Location"] == "/sign-in/?ended=second-factor"


def make_totp(person):
    from allauth.mfa.totp.internal import auth as totp

    return totp.TOTP.activate(person, totp.generate_totp_secret())


def test_secrets_are_sealed_at_rest(ana):
    stored = Authenticator.objects.get(user=ana).data["secret"]
    assert stored.startswith("1:")
    from backoffice.access.secrets import open_sealed

    assert len(open_sealed(stored)) == 32
    assert open_sealed(stored) not in stored


def test_a_sensitive_step_asks_again_after_five_minutes():
    owner, person = make_person("owner"), make_person("support")
    client = signed_in(owner)
    client.get(HOME)
    later(client, started_at=timedelta(minutes=6))
    url = f"/people/{person.pk}/roles/support/revoke/"
    response = client.post(url)
    assert response["Location"].startswith("/account/confirm/")
    assert list(person.roles.values_list("code", flat=True)) == ["support"]

    client.post("/account/confirm/", {"password": PASSWORD, "next": url})
    assert list(person.roles.values_list("code", flat=True)) == []
