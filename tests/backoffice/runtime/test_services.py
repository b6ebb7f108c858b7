"""Throwaway services: two runs share nothing, and a killed run is cleared away by the next."""

import subprocess
import sys
from pathlib import Path

from backoffice.runtime.home import CHECKOUT, Home
from backoffice.runtime.services import Throwaway, sweep
from tests.backoffice.runtime.tools import alive, pid_of, read_until

RUN = "import sys, time; from pathlib import Path; from backoffice.runtime import services; {}; print('UP', flush=True); time.sleep(600)"


def names(checkout: Path) -> list[str]:
    return sorted(path.name for path in (checkout / ".countroom").iterdir())


def test_two_runs_share_nothing_and_leave_nothing(checkout):
    one, two = Throwaway("test", checkout), Throwaway("test", checkout)

    first, second = one.start(), two.start()

    assert first["COUNTROOM_ENV"] == "test"
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "COUNTROOM_MASTER_KEYS", "COUNTROOM_DATA_DIR"):
        assert first[name] != second[name]
    one.stop()
    assert two.services.running
    two.stop()
    assert names(checkout) == []
    assert not one.home.shared.exists()
    assert not one.home.memory.exists()


def test_what_a_killed_run_left_is_swept_and_a_living_one_stays(checkout):
    start = f"services.up('test', checkout=Path({str(checkout)!r}))"
    runner = subprocess.Popen([sys.executable, "-c", RUN.format(start)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    read_until(runner, "UP")
    [name] = names(checkout)
    home = Home(name, checkout)
    left = [pid_of(home, "postgres"), pid_of(home, "valkey")]
    assert sweep(checkout) == []
    assert all(alive(pid) for pid in left)

    runner.kill()
    runner.communicate()
    assert sweep(checkout) == [name]

    assert [pid for pid in left if alive(pid)] == []
    assert names(checkout) == []
    assert not home.shared.exists()
    assert not home.memory.exists()
