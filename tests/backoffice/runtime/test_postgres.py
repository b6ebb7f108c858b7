"""The embedded PostgreSQL: starts anywhere, survives kills, keeps the roles apart, touches nothing else."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backoffice.runtime.errors import RuntimeProblem
from backoffice.runtime.postgres import Cluster
from tests.backoffice.runtime.tools import alive, pid_of, wait_for

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="Only root gives folders to others.")


@pytest.fixture
def cluster(checkout: Path) -> Iterator[Cluster]:
    cluster = Cluster("test", checkout, durable=False)
    cluster.start()
    cluster.create_database("shop")
    yield cluster
    cluster.stop()


def rows(cluster: Cluster, statement: str, role: str = "owner") -> list[tuple]:
    with cluster.connect(role, "shop") as connection:
        return connection.execute(statement).fetchall()


def run_sql(cluster: Cluster, statement: str, role: str = "owner") -> None:
    with cluster.connect(role, "shop") as connection:
        connection.execute(statement)


def test_it_starts_stops_and_keeps_its_data(cluster):
    run_sql(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
    pid = pid_of(cluster.home, "postgres")
    assert cluster.running

    cluster.stop()

    assert not cluster.running
    assert not alive(pid)
    cluster.start()
    assert rows(cluster, "SELECT number FROM kept") == [(7,)]
    assert rows(cluster, "SELECT current_setting('server_version_num')::int / 10000") == [(18,)]


def test_a_second_start_is_refused_and_disturbs_nothing(cluster):
    pid = pid_of(cluster.home, "postgres")

    with pytest.raises(RuntimeProblem, match="already runs"):
        Cluster(cluster.home.name, cluster.home.checkout).start()

    assert pid_of(cluster.home, "postgres") == pid
    assert rows(cluster, "SELECT 1") == [(1,)]


def test_it_recovers_when_it_was_killed(cluster):
    run_sql(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(pid_of(cluster.home, "postgres"), signal.SIGKILL)
    wait_for(lambda: not cluster.running)
    assert (cluster.data / "postmaster.pid").exists()

    cluster.start()

    assert rows(cluster, "SELECT number FROM kept") == [(7,)]


def test_a_pid_file_that_names_somebody_else_is_no_obstacle_and_they_live(cluster):
    cluster.stop()
    run_as = {"user": cluster.user[0], "group": cluster.user[1], "extra_groups": []} if cluster.user else {}
    bystander = subprocess.Popen(["/bin/sleep", "60"], cwd="/", **run_as)
    stale = cluster.data / "postmaster.pid"
    stale.write_text(f"{bystander.pid}\n{cluster.data}\n0\n5432\n\n\n0 0\nready\n")
    if cluster.user:
        os.chown(stale, *cluster.user)

    cluster.start()

    assert cluster.running
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_server_whose_record_was_lost_is_ended_before_another_starts(cluster):
    lost = pid_of(cluster.home, "postgres")
    (cluster.home.run / "postgres.json").unlink()
    again = Cluster(cluster.home.name, cluster.home.checkout, durable=False)

    again.start()

    assert not alive(lost)
    assert pid_of(again.home, "postgres") != lost
    assert rows(again, "SELECT 1") == [(1,)]
    again.stop()


def test_the_app_may_not_change_the_schema_and_the_owner_may_not_rule(cluster):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql(cluster, "CREATE TABLE mine ()", role="app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql(cluster, "CREATE DATABASE mine", role="app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql(cluster, "CREATE ROLE mine", role="owner")

    run_sql(cluster, "CREATE DATABASE copy TEMPLATE template0", role="owner")
    assert rows(cluster, "SELECT rolname, rolsuper FROM pg_roles WHERE rolname LIKE 'countroom%' ORDER BY 1") == [
        ("countroom_app", False),
        ("countroom_owner", False),
        ("countroom_super", True),
    ]


def test_a_wrong_password_opens_nothing_and_no_port_is_open(cluster):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url("app", "shop"), password="guess")
    assert rows(cluster, "SHOW listen_addresses") == [("",)]


def test_secrets_are_readable_by_their_owner_alone(cluster):
    assert stat.S_IMODE((cluster.home.root / "postgres.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
    assert not (cluster.folder / "password").exists()


def test_data_of_another_version_is_refused_with_the_way_out(cluster):
    cluster.stop()
    (cluster.data / "PG_VERSION").write_text("12\n")

    with pytest.raises(RuntimeProblem, match="made by PostgreSQL 12, and this is 18.*RESET=1"):
        cluster.start()

    (cluster.data / "PG_VERSION").write_text("18\n")


def test_it_works_in_a_deep_private_checkout_and_opens_none_of_its_folders(tmp_path):
    deep = tmp_path / "private" / ("x" * 80) / ("y" * 80)
    deep.mkdir(parents=True)
    (tmp_path / "private").chmod(0o700)
    cluster = Cluster("test", deep, durable=False)

    cluster.start()

    try:
        assert len(os.fsencode(cluster.socket_folder / ".s.PGSQL.5432")) <= 107
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
        with cluster.connect("super", "postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.remove()
        shutil.rmtree(tmp_path / "private")
    assert not cluster.folder.exists()


@as_root_only
def test_root_uses_no_folder_that_somebody_else_made(checkout):
    cluster = Cluster("test", checkout)
    cluster.folder.mkdir()
    os.chown(cluster.folder, 65534, 65534)

    with pytest.raises(RuntimeProblem, match="belongs to user 65534, and this runs as user 0"):
        cluster.start()

    assert list(cluster.folder.iterdir()) == []
    cluster.folder.rmdir()


@as_root_only
def test_root_follows_no_link_that_somebody_else_planted(checkout, tmp_path):
    cluster = Cluster("test", checkout)
    cluster.folder.symlink_to(tmp_path)

    with pytest.raises(RuntimeProblem, match="should be a folder and is not"):
        cluster.start()

    cluster.folder.unlink()


def test_a_postgres_15_of_the_system_runs_the_same_way(checkout, pg15_bin):
    cluster = Cluster("other", checkout, bin_dir=pg15_bin, durable=False)
    cluster.start()
    try:
        cluster.create_database("shop")
        assert rows(cluster, "SELECT current_setting('server_version_num')::int / 10000, datcollate FROM pg_database LIMIT 1") == [(15, "C.UTF-8")]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql(cluster, "CREATE TABLE mine ()", role="app")
    finally:
        cluster.stop()


def test_the_runtime_needs_no_django():
    code = "import sys; import backoffice.runtime.postgres as p; print(p.Cluster.__name__)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "Cluster\n"
