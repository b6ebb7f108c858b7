"""The three databases of the tests keep what they promise."""

import threading

import pytest
from django.db import connection

from backoffice.approvals.models import Policy
from backoffice.audit.models import Event
from backoffice.audit.record import record_apart
from backoffice.scope.models import Brand, PackVersion
from tests import factories
from tests.backoffice.audit.tools import NOW, SYSTEM, fact
from tests.casino import open_casino
from tests.databases import Database, OwnCluster, Server
from wallet.models import Currency


def who() -> tuple[str, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        return tuple(cursor.fetchone())


def test_db_is_the_restricted_login_inside_a_transaction(db: None) -> None:
    assert who() == ("countroom_app", False)
    assert connection.in_atomic_block
    assert Event.objects.count() == 0


@pytest.mark.parametrize("again", [1, 2])
def test_committed_db_is_a_database_of_its_own_for_every_test(committed_db: Database, again: int) -> None:
    assert who() == ("countroom_app", False)
    assert not connection.in_atomic_block
    assert Currency.objects.count() == 0

    factories.brand()
    there = Event.objects.count()
    fact()
    seen: list[int] = []
    thread = threading.Thread(target=lambda: (seen.append(Event.objects.count()), connection.close()))
    thread.start()
    thread.join()

    assert seen == [there + 1]


@pytest.mark.parametrize("again", [1, 2])
def test_own_cluster_is_another_server_with_a_database_for_every_test(own_cluster: OwnCluster, again: int) -> None:
    assert who() == ("countroom_app", False)
    assert Event.objects.count() == 0

    fact()
    with own_cluster.connect("super") as superuser:
        others = superuser.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL").fetchone()
    assert others == (0,)  # nobody else holds the horizon back


def test_a_fact_recorded_apart_reaches_the_database_of_the_test(committed_db: Database) -> None:
    record_apart("test.apart", actor=SYSTEM, at=NOW, subject=("tests.thing", 1))

    assert Event.objects.count() == 1


def casino() -> list[object]:
    """What opening it leaves behind."""
    brands = Brand.objects.values_list("code", "timezone", "base_currency", "jurisdictions__code").order_by("code", "jurisdictions__code")
    policies = Policy.objects.order_by("brand__code", "kind").values_list("kind", "brand__code", "amounts", "approvals", "active")
    packs = PackVersion.objects.order_by("jurisdiction__code", "version").values_list("jurisdiction__code", "version", "effective_from", "sha256", "loaded_at")
    facts = Event.objects.order_by("pk").values_list("type", "subject_type", "actor_kind")
    return [list(brands), list(policies), list(packs), list(Currency.objects.order_by("code").values()), list(facts)]


def test_where_the_casino_is_opened_already_it_is_as_a_test_would_open_it(committed_db: Database, server: Server) -> None:
    assert open_casino().code == "nova"
    made = casino()
    there = server.clone(opened=True)
    try:
        there.use()
        found = casino()
        assert open_casino().code == "nova"
        assert casino() == found == made
    finally:
        committed_db.use()
        there.drop()


def test_opened_is_beside_db_and_rolls_back(db: None, opened: None) -> None:
    assert connection.in_atomic_block
    assert {brand.code for brand in Brand.objects.all()} == {"nova", "fjord"}
