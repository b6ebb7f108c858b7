"""Starts the Adyen sandbox: `python -m payments.sandboxes.adyen --help`."""

from __future__ import annotations

import argparse
import os
import sys

from payments.sandboxes.common import process

from .api import Api
from .dialect import AdyenDialect
from .signing import sign


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line. Keys may come from ADYEN_KEY and ADYEN_HMAC instead, where other users cannot read them."""
    parser = process.parser("adyen", "A sandbox that speaks Adyen's dialect.")
    parser.add_argument("--key", default=os.environ.get("ADYEN_KEY", ""), help="the API key (or ADYEN_KEY)")
    parser.add_argument("--hmac", default=os.environ.get("ADYEN_HMAC", ""), help="signs webhooks, in hexadecimal (or ADYEN_HMAC)")
    parser.add_argument("--merchant", default="Countroom", help="the merchant account")
    parser.add_argument("--balance-account", default="BA1", help="the balance account that pays out")
    chosen = parser.parse_args(arguments)
    if not chosen.key or not chosen.hmac:
        parser.error("--key and --hmac (or ADYEN_KEY and ADYEN_HMAC) are needed")
    try:
        chosen.hmac = bytes.fromhex(chosen.hmac)
    except ValueError:
        parser.error("--hmac is hexadecimal")
    return chosen


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    chosen = options(arguments)
    dialect = AdyenDialect(merchant=chosen.merchant, balance_account=chosen.balance_account)
    return process.serve(chosen, dialect=dialect, make_api=lambda engine: Api(engine, dialect, key=chosen.key), sign=lambda body: sign(body, key=chosen.hmac))


if __name__ == "__main__":
    sys.exit(main())
