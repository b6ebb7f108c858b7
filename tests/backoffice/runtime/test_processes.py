"""The supervisor: order, restarts, and an end for everything it started and nothing else."""

import os
import signal
import subprocess
import sys

import pytest

from backoffice.runtime.child import Child, ProcessSpec
from backoffice.runtime.errors import RuntimeProblem, StopRequested
from backoffice.runtime.identity import group_members as members
from backoffice.runtime.processes import Supervisor
from backoffice.runtime.ready import LogLineReady
from tests.backoffice.runtime.tools import SLEEP, alive, pid_of, read_until, wait_for

SPAWNER = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"


def python(name: str, code: str, **more) -> ProcessSpec:
    return ProcessSpec(name=name, argv=[sys.executable, "-u", "-c", code], env={"PATH": "/usr/bin:/bin"}, **more)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_the_opposite_order(home, supervise, number):
    note = home.root / "ends"
    catch = "lambda *_: (open({!r}, 'a').write('{} '), sys.exit())"
    code = f"import signal, sys, time; signal.signal(15, {catch}); print('ready', flush=True); time.sleep(600)"
    body = "".join(
        f"supervisor.start(python({name!r}, {code.format(str(note), name)!r}, order={order}, ready=LogLineReady('ready')))\n"
        for name, order in [("postgres", 1), ("web", 30), ("traffic", 60)]
    )
    runner = supervise(body + "supervisor.wait_ready()\n")
    bystander = subprocess.Popen([sys.executable, "-c", SLEEP])
    read_until(runner, "WATCHING")

    runner.send_signal(number)

    assert runner.wait(20) == 0
    assert note.read_text() == "traffic web postgres "
    assert list(home.run.glob("*.json")) == []
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_grandchildren_end_too(home, supervise):
    runner = supervise(f"supervisor.start(python('web', {SPAWNER!r}))\n")
    read_until(runner, "WATCHING")
    leader = pid_of(home, "web")
    wait_for(lambda: len(members(leader)) == 2)
    family = members(leader)

    runner.terminate()

    assert runner.wait(20) == 0
    assert [pid for pid in family if alive(pid)] == []


def test_one_that_will_not_end_is_killed(home):
    child = Child(python("stubborn", "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(600)", stop_seconds=0.5), home)
    child.start()
    wait_for(lambda: "up" in child.log_since_start())
    pid = child.pid

    assert child.stop() is False

    assert not alive(pid)


def test_a_killed_supervisor_leaves_nothing_behind_after_the_next_start(home, supervise):
    runner = supervise(f"supervisor.start(python('web', {SPAWNER!r}, order=30))\nsupervisor.start(python('postgres', {SLEEP!r}, order=1))\n")
    read_until(runner, "WATCHING")
    leader = pid_of(home, "web")
    wait_for(lambda: len(members(leader)) == 2)
    old = [*members(leader), pid_of(home, "postgres")]
    runner.kill()
    runner.wait()
    assert all(alive(pid) for pid in old)

    again = supervise(f"supervisor.start(python('web', {SLEEP!r}))\n")
    lines = read_until(again, "WATCHING")

    assert [pid for pid in old if alive(pid)] == []
    assert [line.partition(": ")[2].partition(" ")[0] for line in lines if "earlier run" in line] == ["web", "postgres"]


def test_children_of_a_leader_that_died_with_its_supervisor_are_ended(home, supervise):
    runner = supervise(f"supervisor.start(python('web', {SPAWNER!r}))\n")
    read_until(runner, "WATCHING")
    leader = pid_of(home, "web")
    wait_for(lambda: len(members(leader)) == 2)
    orphan = next(pid for pid in members(leader) if pid != leader)
    runner.kill()
    runner.wait()
    os.kill(leader, signal.SIGKILL)
    wait_for(lambda: not alive(leader))
    assert alive(orphan)

    read_until(supervise(""), "WATCHING")

    assert not alive(orphan)


def test_a_process_that_has_a_recorded_pid_by_chance_is_left_alone(home, supervise):
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    record = f'{{"pid": {stranger.pid}, "start": "another-boot:1", "token": "t", "signal": 15, "seconds": 5, "order": 1}}'
    (home.run / "web.json").write_text(record)

    lines = read_until(supervise(""), "WATCHING")

    assert stranger.poll() is None
    assert lines == ["WATCHING"]
    assert not (home.run / "web.json").exists()
    stranger.kill()
    stranger.wait()


def test_a_second_supervisor_is_refused_and_the_first_goes_on(home, supervise):
    first = supervise(f"supervisor.start(python('web', {SLEEP!r}))\n")
    read_until(first, "WATCHING")
    pid = pid_of(home, "web")

    second = supervise("")

    read_until(second, f"The test already runs (process {first.pid}).")
    assert second.wait(10) == 1
    assert first.poll() is None
    assert alive(pid)


def test_a_crashed_child_is_started_again(home, supervise):
    runner = supervise(f"supervisor.start(python('web', {SLEEP!r}))\n")
    read_until(runner, "WATCHING")
    first = pid_of(home, "web")

    os.kill(first, signal.SIGKILL)

    read_until(runner, "web ended with code -9; starting it again in 0.5 s")
    wait_for(lambda: (home.run / "web.json").exists() and pid_of(home, "web") != first)
    assert alive(pid_of(home, "web"))


def test_one_that_always_crashes_is_left_alone_after_its_tries(home):
    told: list[str] = []
    with Supervisor(home, "The test", told.append) as supervisor:
        supervisor.start(python("web", "raise SystemExit('no such table')", max_restarts=2))
        wait_for(lambda: supervisor.watch_once() or any("left alone" in line for line in told))

    assert [line.partition("(see")[0].partition(". The end")[0].strip() for line in told[:3]] == [
        "web ended with code 1; starting it again in 0.5 s",
        "web ended with code 1; starting it again in 1 s",
        "web ended 3 times and is left alone now",
    ]
    assert "no such table" in told[3]


def test_a_child_that_is_never_ready_says_why(home):
    with Supervisor(home, "The test") as supervisor:
        supervisor.start(python("web", "print('no route'); import sys; sys.exit(3)", ready=LogLineReady("listening", timeout=10)))
        with pytest.raises(RuntimeProblem, match=r"web ended with code 3[\s\S]*no route"):
            supervisor.wait_ready()


def test_a_command_that_fails_says_why_and_can_be_interrupted(home):
    with Supervisor(home, "The test") as supervisor:
        with pytest.raises(RuntimeProblem, match=r"migrate failed \(code 3\)[\s\S]*bad column"):
            supervisor.run("migrate", python("migrate", "print('bad column'); raise SystemExit(3)"))
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StopRequested):
            supervisor.run("migrate", python("migrate", SLEEP))


def test_a_log_that_has_grown_is_set_aside_at_the_next_start(home, monkeypatch):
    monkeypatch.setattr("backoffice.runtime.child.LOG_LIMIT", 10)
    child = Child(python("web", SLEEP), home)
    child.log.write_text("more than ten bytes")

    child.start()

    assert (home.logs / "web.log.1").read_text() == "more than ten bytes"
    assert child.log.read_text() == ""
    child.stop()


def test_a_folder_of_somebody_else_is_refused(home, checkout, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    with pytest.raises(RuntimeProblem, match="belongs to user .*, and this runs as user 4242"):
        home.make()


def test_a_folder_that_others_can_write_to_is_refused(home):
    home.root.chmod(0o777)
    with pytest.raises(RuntimeProblem, match="can be written by other users"):
        home.make()
