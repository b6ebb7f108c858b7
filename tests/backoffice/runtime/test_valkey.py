"""The embedded Valkey: one password, one machine, and messages that survive a restart."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from backoffice.runtime.valkey import Valkey
from tests.backoffice.runtime.tools import pid_of, wait_for


@pytest.fixture
def valkey(checkout: Path) -> Iterator[Valkey]:
    valkey = Valkey("test", checkout)
    valkey.start()
    yield valkey
    valkey.stop()


def test_messages_survive_a_restart_at_the_same_address(valkey):
    redis.Redis.from_url(valkey.url).rpush("queue", "message")
    before = valkey.url
    valkey.stop()
    assert not valkey.running

    valkey.start()

    assert valkey.url == before
    assert redis.Redis.from_url(valkey.url).lrange("queue", 0, -1) == [b"message"]


def test_it_comes_back_after_a_kill(valkey):
    os.kill(pid_of(valkey.home, "valkey"), signal.SIGKILL)
    wait_for(lambda: not valkey.running)

    valkey.start()

    assert redis.Redis.from_url(valkey.url).ping() is True


def test_nothing_is_answered_without_the_password(valkey):
    port = int(valkey.url.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")


def test_kombu_takes_the_address(valkey):
    kombu = pytest.importorskip("kombu")
    with kombu.Connection(valkey.url) as connection:
        queue = connection.SimpleQueue("hints")
        queue.put("a hint")
        assert queue.get(timeout=5).payload == "a hint"
        queue.close()
