"""Nothing that configures behaviour is written outside the engine: the database refuses it, for every model that says so."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction

from backoffice.approvals.registry import registry
from backoffice.approvals.services.applying import enact
from payments.models import ReasonCode
from tests.backoffice.approvals.conftest import NAME, NOW, REASON, VALUES, policy

OURS = [model for model in apps.get_models() if not model.__module__.startswith(("django.", "allauth.", "guardian."))]
CONFIGURES = {model._meta.label: model.configured_by for model in OURS if getattr(model, "configured_by", "")}
SOUNDS_LIKE_IT = ("Policy", "Limit", "Rule", "Setting", "Config", "Code", "Threshold", "Template", "Pack", "PackVersion", "Role")


def test_every_model_that_configures_behaviour_belongs_to_a_kind_and_every_kind_names_its_models():
    registered = {label: kind.code for kind in registry.kinds for label in kind.models}
    assert registered == CONFIGURES
    assert {"approvals.Policy", "access.Role", "scope.PackVersion", "payments.ReasonCode"} <= CONFIGURES.keys()


def test_a_model_that_sounds_like_configuration_says_who_configures_it():
    suspicious = {model._meta.label for model in OURS if model.__name__.endswith(SOUNDS_LIKE_IT)}
    assert suspicious - CONFIGURES.keys() == set(), "give these `configured_by` and a kind, or another name"


@pytest.mark.parametrize("label", CONFIGURES)
def test_the_database_refuses_every_write_outside_the_engine(committed_db, label):
    policy()  # a row, written by a change of an earlier transaction
    table = apps.get_model(label)._meta.db_table
    key = apps.get_model(label)._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s", [table, f"{table}_by_approval"])
        assert cursor.fetchone()[0] == 1
        cursor.execute("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s", [table, f"{table}_by_approval"])
        assert "INSERT OR DELETE OR UPDATE OR TRUNCATE" in cursor.fetchone()[0]
    for sql in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1"):
        with pytest.raises(IntegrityError, match="changed by approval only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_after_the_change_the_table_is_closed_again(committed_db):
    enact(kind=REASON, subject=NAME, values=VALUES, reason="Test", now=NOW)
    policy()
    for write in (
        lambda: ReasonCode.objects.filter(pk=NAME).update(label="Quietly"), lambda: ReasonCode.objects.filter(pk=NAME).delete(),
        lambda: ReasonCode.objects.create(code="X_Y", outcome="held", label="X"), lambda: ReasonCode.objects.get(pk=NAME).save(),
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match="changed by approval only"):
            write()
    assert ReasonCode.objects.get(pk=NAME).label == "Name differs"


def test_it_is_closed_again_within_the_same_transaction(db):
    enact(kind=REASON, subject=NAME, values=VALUES, reason="Test", now=NOW)
    with pytest.raises(IntegrityError, match="changed by approval only"), transaction.atomic():
        ReasonCode.objects.filter(pk=NAME).update(label="Quietly")


def test_a_change_of_one_kind_opens_no_table_of_another(db):
    with pytest.raises(IntegrityError, match="access_role is changed by approval only"), transaction.atomic(), connection.cursor() as cursor:
        enact(kind=REASON, subject=NAME, values=VALUES, reason="Test", now=NOW)
        cursor.execute("UPDATE access_role SET purpose = 'x'")


def test_the_app_cannot_call_itself_a_migration_or_claim_a_change(db):
    from backoffice.approvals.models import ChangeRequest

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL countroom.migrating = 'on'")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReasonCode.objects.filter(pk=NAME).update(label="Quietly")
    change = ChangeRequest.objects.create(kind=REASON, subject=NAME, title="x", payload={}, created_at=NOW, applied_in=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE approvals_changerequest SET applied_in = txid_current() WHERE id = %s", [change.pk])
    change.refresh_from_db()
    assert change.applied_in is None
    with pytest.raises(IntegrityError), transaction.atomic():
        ReasonCode.objects.filter(pk=NAME).update(label="Quietly")


def test_only_migrate_speaks_of_migrating():
    rooms = ("backoffice", "players", "wallet", "payments", "games", "bonuses", "compliance", "fraud", "reporting")
    files = [path for room in rooms for path in (settings.BASE_DIR / room).rglob("*.py")]
    named = [str(path.relative_to(settings.BASE_DIR)) for path in files if "countroom.migrating" in path.read_text()]
    assert named == ["backoffice/runtime/management/commands/migrate.py"]


def test_a_value_that_the_table_refuses_leaves_nothing(db):
    from backoffice.approvals.models import ChangeRequest

    with pytest.raises(DatabaseError), transaction.atomic():
        ChangeRequest.objects.create(kind=REASON, title="x", payload={}, created_at=NOW, state="review")
    assert ChangeRequest.objects.count() == 0
