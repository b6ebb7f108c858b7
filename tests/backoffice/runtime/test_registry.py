"""Processes that higher apps add to the demo."""

import pytest

from backoffice.runtime.ready import HttpReady
from backoffice.runtime.registry import SANDBOX, TRAFFIC, DemoProcess, DemoProcesses, fill


def test_processes_come_in_order_and_each_name_once():
    known = DemoProcesses()
    known.register(DemoProcess("traffic", ["python"], order=TRAFFIC))
    known.register(DemoProcess("nordpay", ["python"], order=SANDBOX))
    known.register(DemoProcess("nordpay", ["python"], order=SANDBOX))

    assert [process.name for process in known] == ["nordpay", "traffic"]
    with pytest.raises(ValueError, match="Two demo processes are called nordpay"):
        known.register(DemoProcess("nordpay", ["python", "other"]))


def test_names_in_braces_become_values_and_other_braces_stay():
    process = DemoProcess("nordpay", ["python", "-m", "x", "--port={NORDPAY_PORT}"], ready=HttpReady("http://127.0.0.1:{NORDPAY_PORT}/health"))
    env = {"NORDPAY_PORT": "4711"}

    assert process.command(env) == ["python", "-m", "x", "--port=4711"]
    assert process.readiness(env) == HttpReady("http://127.0.0.1:4711/health")
    assert DemoProcess("t", lambda env: ["run", env["NORDPAY_PORT"]]).command(env) == ["run", "4711"]
    assert fill('{"a": 1}', env) == '{"a": 1}'
    with pytest.raises(KeyError):
        fill("{MISSING}", env)
