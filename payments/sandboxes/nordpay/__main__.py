"""Starts Nordpay: `python -m payments.sandboxes.nordpay --help`. SIGTERM and Ctrl-C end it; a kill loses nothing that was answered."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from decimal import Decimal
from pathlib import Path

from .api import Api
from .errors import ApiError
from .server import Server
from .service import Nordpay
from .store import DataInUse, Store
from .webhooks import Clockwork, Deliverer


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line. Key and secret may come from NORDPAY_KEY and NORDPAY_SECRET instead, where other users cannot read them."""
    parser = argparse.ArgumentParser(prog="python -m payments.sandboxes.nordpay", description="Nordpay, a sandbox payment provider.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one; the address is printed")
    parser.add_argument("--data", type=Path, required=True, help="folder for its storage, made when missing")
    parser.add_argument("--key", default=os.environ.get("NORDPAY_KEY", ""), help="the merchant's API key (or NORDPAY_KEY)")
    parser.add_argument("--secret", default=os.environ.get("NORDPAY_SECRET", ""), help="signs webhooks (or NORDPAY_SECRET)")
    parser.add_argument("--seed", default="1", help="the same seed and references meet the same fates")
    parser.add_argument("--webhook-url", default="", help="where events go; kept over restarts")
    parser.add_argument("--behaviour", default="", help='JSON, as for /v1/test/behaviour: \'{"drop_after": "0.3"}\'')
    chosen = parser.parse_args(arguments)
    if not chosen.key or not chosen.secret:
        parser.error("--key and --secret (or NORDPAY_KEY and NORDPAY_SECRET) are needed")
    return chosen


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    chosen = options(arguments)
    try:
        store = Store(chosen.data)
    except DataInUse:
        return _give_up(f"another process uses {chosen.data}")
    nordpay = Nordpay(store=store, seed=chosen.seed)
    try:
        if chosen.behaviour:
            nordpay.set_behaviour(json.loads(chosen.behaviour, parse_float=Decimal))
        server = Server((chosen.host, chosen.port), Api(nordpay, key=chosen.key))
    except (ApiError, ValueError, TypeError) as error:
        return _give_up(f"--behaviour: {error}")
    except OSError as error:
        return _give_up(f"cannot listen on port {chosen.port}: {error.strerror}")
    if chosen.webhook_url:
        store.set_meta("webhook_url", chosen.webhook_url)

    workers = (Clockwork(nordpay), Deliverer(nordpay, secret=chosen.secret))
    for worker in workers:
        worker.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stdout.write(f"nordpay listens on http://{chosen.host}:{server.server_address[1]}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.stopping.set()
        for worker in workers:
            worker.stop()
        server.socket.close()
        store.close()
    return 0


def _give_up(why: str) -> int:
    sys.stderr.write(f"nordpay: {why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
