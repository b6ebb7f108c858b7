"""Starts the traffic: `python -m payments.sandboxes.traffic --help`. SIGTERM and Ctrl-C end it after the requests under way."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from .client import Key
from .run import Plan, Traffic


def add_options(parser: argparse.ArgumentParser, *, folder: Path) -> None:
    """The options, with defaults in `folder` for the files."""
    parser.add_argument("--url", default=os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000"), help="where the back office answers")
    parser.add_argument("--rate", type=float, default=0.5, help="visits per second")
    parser.add_argument("--seed", default="1", help="the same seed plays the same people")
    parser.add_argument("--duration", type=float, default=0.0, help="seconds; 0 goes on until stopped")
    keys = Path(os.environ.get("TRAFFIC_KEYS") or folder / "demo-api-keys.json")
    parser.add_argument("--keys", type=Path, default=keys, help="JSON file of API keys")
    parser.add_argument("--state", type=Path, default=folder / "traffic.json", help="where known players are kept")


class BadKeys(Exception):
    """The file of keys cannot be used; the message says why."""


def keys_of(file: Path) -> dict[str, Key]:
    """API keys by brand. Raises BadKeys."""
    try:
        return {brand: Key(str(entry["key_id"]), str(entry["secret"])) for brand, entry in json.loads(file.read_text(encoding="utf-8")).items()}
    except OSError as missing:
        raise BadKeys(f"{file.name} cannot be read: {missing.strerror}. `manage.py seed_demo` writes the demo's; --keys names another.") from missing
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadKeys(f'{file.name} is not of the form {{"brand": {{"key_id": "...", "secret": "..."}}}}.') from None


def start(*, url: str, rate: float, seed: str, duration: float, keys: Path, state: Path) -> int:
    """Play until told to stop; the exit code."""
    if not 0 < rate <= 100 or duration < 0:
        sys.stderr.write("traffic: --rate lies between 0 and 100 visits per second, --duration is not below zero\n")
        return 2
    try:
        known = keys_of(keys)
    except BadKeys as bad:
        sys.stderr.write(f"traffic: {bad}\n")
        return 2
    traffic = Traffic(Plan(url=url, rate=rate, seed=seed, duration=duration), known, state=state)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: traffic.stopping.set())
    traffic.run()
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m payments.sandboxes.traffic", description="Plays the casino's front ends and their players.")
    add_options(parser, folder=Path(os.environ.get("COUNTROOM_DATA_DIR", ".countroom")))
    return start(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
