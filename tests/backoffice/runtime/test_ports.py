"""The port for the browser: a taken one is named, with who has it and what to type instead."""

import os
import socket
from collections.abc import Iterator

import pytest

from backoffice.runtime.errors import PortTaken
from backoffice.runtime.ports import DEFAULT_WEB_PORT, free_port, kept_port, web_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("explicit", [True, False])
def test_a_taken_port_names_the_process_and_the_variable(taken, explicit, monkeypatch):
    monkeypatch.setattr("backoffice.runtime.ports.DEFAULT_WEB_PORT", taken)

    with pytest.raises(PortTaken) as refused:
        web_port({"PORT": str(taken)} if explicit else {})

    message = str(refused.value)
    assert message.startswith(f"Port {taken} is taken by process {os.getpid()} (")
    suggestion = int(message.rpartition("Choose another: PORT=")[2].removesuffix(" make demo"))
    assert suggestion > taken
    assert refused.value.exit_code == 2


def test_a_free_port_is_used():
    port = free_port()
    assert web_port({"PORT": str(port)}) == port
    assert DEFAULT_WEB_PORT == 8000


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "80.5"])
def test_nonsense_names_the_variable(text):
    with pytest.raises(PortTaken, match="PORT must be a number from 1 to 65535"):
        web_port({"PORT": text})


def test_an_inner_port_stays_the_same_until_somebody_takes_it(home):
    first = kept_port(home, "NORDPAY_PORT")
    assert kept_port(home, "NORDPAY_PORT") == first

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first))
        listener.listen()
        assert kept_port(home, "NORDPAY_PORT") != first
