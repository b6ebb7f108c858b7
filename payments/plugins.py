"""Where payments plugs itself into the kit and into players: schedules, routers, scopes, guards, demo processes."""

import json

from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers, api_views
from backoffice.runtime.ready import HttpReady
from backoffice.runtime.registry import BEAT, SANDBOX, TRAFFIC, WORKER, DemoProcess, demo_processes
from backoffice.work import schedules
from players import guards
from players.services import PlayerRefused

# What an ordinary bad day of a provider looks like (payments/sandboxes/nordpay/behaviour.py), for the demo.
DEMO_BEHAVIOUR = {
    "late": "0.03", "late_seconds": "3", "drop_after": "0.02", "http_500": "0.01", "timeout": "0.005",
    "fail": "0.04", "expire": "0.01", "return_rate": "0.02", "return_delay": "90", "charge_back_rate": "0.01",
    "duplicate_webhooks": "0.05", "out_of_order": "0.05", "step_delay": "2",
}  # fmt: skip


def plug_in() -> None:
    schedules.every(2, task="payments.tasks.sweep")
    schedules.every(3, task="players.tasks.send_due_messages")
    schedules.every(3600, task="backoffice.integrations.tasks.forget_old_answers")
    scopes.register("payments:read", "See deposits, withdrawals and balances")
    scopes.register("payments:write", "Start deposits, ask for withdrawals and take them back")
    api_routers.register("", "payments.api.router")
    api_views.register("providers/<slug:code>/webhooks", "payments.webhook_views.receive", name="provider-webhooks")
    guards.registration.append(known_currency)
    guards.instruments.append(connected_provider)
    for process in demo():
        demo_processes.register(process)


def known_currency(asked: guards.Registration) -> None:
    """A player's currency is one that is set up. Raises PlayerRefused: currency_unknown."""
    from wallet import currencies

    try:
        currencies.get(asked.currency)
    except currencies.UnknownCurrency as unknown:
        raise PlayerRefused(str(unknown), code="currency_unknown") from unknown


def connected_provider(asked: guards.NewInstrument) -> None:
    """An instrument is kept at a provider that is connected, as soon as any is. Raises PlayerRefused: provider_unknown."""
    from payments.providers import registry

    known = registry.codes()
    if known and asked.provider not in known:
        raise PlayerRefused(f"No provider {asked.provider} is connected. Use one of {', '.join(known)}.", code="provider_unknown")


def demo() -> tuple[DemoProcess, ...]:
    """What the demo runs beside web and worker. The sandbox's address and secrets reach every process through their environment."""
    nordpay = [
        "python", "-m", "payments.sandboxes.nordpay", "--port", "{NORDPAY_PORT}", "--data", "{COUNTROOM_DATA_DIR}/nordpay", "--seed", "1",
        "--webhook-url", "{PUBLIC_URL}/api/providers/nordpay/webhooks", "--behaviour", json.dumps(DEMO_BEHAVIOUR),
    ]  # fmt: skip
    return (
        DemoProcess(
            name="nordpay", argv=nordpay, port="NORDPAY_PORT", secrets=("NORDPAY_KEY", "NORDPAY_WEBHOOK_SECRET"), order=SANDBOX,
            env={"NORDPAY_SECRET": "{NORDPAY_WEBHOOK_SECRET}"}, exports={"NORDPAY_URL": "http://127.0.0.1:{NORDPAY_PORT}"},
            ready=HttpReady("http://127.0.0.1:{NORDPAY_PORT}/health"),
        ),
        DemoProcess(name="recorder", argv=["python", "manage.py", "recorder"], order=WORKER),
        DemoProcess(name="beat", argv=["python", "manage.py", "beat"], order=BEAT),
        DemoProcess(name="traffic", argv=["python", "manage.py", "traffic", "--url", "{PUBLIC_URL}", "--rate", "0.5"], order=TRAFFIC),
    )  # fmt: skip
