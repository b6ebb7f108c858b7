"""A company as a process: its command line, its storage, its threads. SIGTERM and Ctrl-C end it; a kill loses nothing that was answered."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from .dialect import Dialect
from .engine import Engine
from .errors import ApiError
from .http import Api
from .server import Server
from .store import DataInUse, Store
from .webhooks import Clockwork, Deliverer


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """The part of the command line that all have; keys are added by each."""
    made = argparse.ArgumentParser(prog=f"python -m payments.sandboxes.{name}", description=description)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, required=True, help="0 takes a free one; the address is printed")
    made.add_argument("--data", type=Path, required=True, help="folder for its storage, made when missing")
    made.add_argument("--seed", default="1", help="the same seed and references meet the same fates")
    made.add_argument("--webhook-url", default="", help="where events go; kept over restarts")
    made.add_argument("--behaviour", default="", help='JSON, as for the test page of behaviour: \'{"drop_after": "0.3"}\'')
    return made


def serve(chosen: argparse.Namespace, *, dialect: Dialect, make_api: Callable[[Engine], Api], sign: Callable[[bytes], tuple[dict[str, str], bytes]]) -> int:
    """Serve until told to stop. Gives the exit status."""

    def give_up(why: str) -> int:
        sys.stderr.write(f"{dialect.name}: {why}\n")
        return 1

    try:
        store = Store(chosen.data, name=dialect.name)
    except DataInUse:
        return give_up(f"another process uses {chosen.data}")
    engine = Engine(store=store, dialect=dialect, seed=chosen.seed)
    try:
        if chosen.behaviour:
            engine.set_behaviour(json.loads(chosen.behaviour, parse_float=Decimal))
        server = Server((chosen.host, chosen.port), make_api(engine))
    except (ApiError, ValueError, TypeError) as error:
        return give_up(f"--behaviour: {error}")
    except OSError as error:
        return give_up(f"cannot listen on port {chosen.port}: {error.strerror}")
    if chosen.webhook_url:
        store.set_meta("webhook_url", chosen.webhook_url)

    workers = (Clockwork(engine), Deliverer(engine, sign=sign))
    for worker in workers:
        worker.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stdout.write(f"{dialect.name} listens on http://{chosen.host}:{server.server_address[1]}\n")
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
