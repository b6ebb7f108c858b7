"""Starts the Stripe sandbox: `python -m payments.sandboxes.stripe --help`."""

from __future__ import annotations

import argparse
import os
import sys

from payments.sandboxes.common import process

from .api import Api
from .dialect import StripeDialect
from .signing import sign


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line. Keys may come from STRIPE_KEY and STRIPE_WEBHOOK_SECRET instead, where other users cannot read them."""
    parser = process.parser("stripe", "A sandbox that speaks Stripe's dialect.")
    parser.add_argument("--key", default=os.environ.get("STRIPE_KEY", ""), help="the secret key (or STRIPE_KEY)")
    parser.add_argument("--secret", default=os.environ.get("STRIPE_WEBHOOK_SECRET", ""), help="signs webhooks (or STRIPE_WEBHOOK_SECRET)")
    chosen = parser.parse_args(arguments)
    if not chosen.key or not chosen.secret:
        parser.error("--key and --secret (or STRIPE_KEY and STRIPE_WEBHOOK_SECRET) are needed")
    return chosen


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    chosen = options(arguments)
    dialect = StripeDialect()
    return process.serve(
        chosen, dialect=dialect, make_api=lambda engine: Api(engine, dialect, key=chosen.key), sign=lambda body: sign(body, secret=chosen.secret)
    )


if __name__ == "__main__":
    sys.exit(main())
