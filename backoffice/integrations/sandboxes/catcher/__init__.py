"""Stands for somebody who listens to our webhooks: checks the signature, keeps what came in a file, answers 204.

    python -m backoffice.integrations.sandboxes.catcher --port 8091 --file DIR/webhooks.jsonl --secret SECRET

GET / gives what was kept, newest last; POST /fail and POST /heal make it answer 503, and 204 again.
"""

from backoffice.runtime.ready import HttpReady
from backoffice.runtime.registry import SANDBOX, DemoProcess


def process() -> DemoProcess:
    """The demo's receiver."""
    argv = ["python", "-m", "backoffice.integrations.sandboxes.catcher", "--port", "{CATCHER_PORT}", "--file", "{COUNTROOM_DATA_DIR}/webhooks.jsonl"]
    return DemoProcess(
        name="catcher", argv=argv, port="CATCHER_PORT", secrets=("CATCHER_SECRET",), order=SANDBOX, exports={"CATCHER_URL": "http://127.0.0.1:{CATCHER_PORT}/hooks"},
        ready=HttpReady("http://127.0.0.1:{CATCHER_PORT}/"),
    )  # fmt: skip
