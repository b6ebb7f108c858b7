"""Starts Nordpay: `python -m payments.sandboxes.nordpay --help`."""

from __future__ import annotations

import argparse
import os
import sys
import time

from payments.sandboxes.common import process

from .api import Api
from .dialect import NordpayDialect
from .signing import signature


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line. Key and secret may come from NORDPAY_KEY and NORDPAY_SECRET instead, where other users cannot read them."""
    parser = process.parser("nordpay", "Nordpay, a sandbox payment provider.")
    parser.add_argument("--key", default=os.environ.get("NORDPAY_KEY", ""), help="the merchant's API key (or NORDPAY_KEY)")
    parser.add_argument("--secret", default=os.environ.get("NORDPAY_SECRET", ""), help="signs webhooks (or NORDPAY_SECRET)")
    chosen = parser.parse_args(arguments)
    if not chosen.key or not chosen.secret:
        parser.error("--key and --secret (or NORDPAY_KEY and NORDPAY_SECRET) are needed")
    return chosen


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    chosen = options(arguments)

    def sign(body: bytes) -> tuple[dict[str, str], bytes]:
        return {"Nordpay-Signature": signature(secret=chosen.secret, body=body, at=int(time.time()))}, body

    return process.serve(chosen, dialect=NordpayDialect(), make_api=lambda engine: Api(engine, key=chosen.key), sign=sign)


if __name__ == "__main__":
    sys.exit(main())
