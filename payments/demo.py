"""What the demo runs beside web and worker: the sandbox PSP and the outside world."""

import json

from backoffice.runtime.ready import HttpReady
from backoffice.runtime.registry import SANDBOX, TRAFFIC, DemoProcess

# What an ordinary bad day of a provider looks like (payments/sandboxes/common/behaviour.py), for the demo.
DEMO_BEHAVIOUR = {
    "late": "0.03", "late_seconds": "3", "drop_after": "0.02", "http_500": "0.01", "timeout": "0.005",
    "fail": "0.04", "expire": "0.01", "return_rate": "0.02", "return_delay": "90", "charge_back_rate": "0.01",
    "duplicate_webhooks": "0.05", "out_of_order": "0.05", "step_delay": "2",
}  # fmt: skip


def processes() -> tuple[DemoProcess, ...]:
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
        DemoProcess(name="traffic", argv=["python", "manage.py", "traffic", "--url", "{PUBLIC_URL}", "--rate", "0.5"], order=TRAFFIC),
    )  # fmt: skip
