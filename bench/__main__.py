"""`make bench`: every benchmark, or one with NAME=ledger. QUICK=1 keeps each under 40 s, FULL=1 uses full scale.

The last line that a benchmark prints is one JSON object: name, machine, rounds (raw samples), measured (medians of the rounds).
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    """Every file here that has a `run` of its own."""
    return sorted(path.stem for path in HERE.glob("*.py") if "\ndef run(" in path.read_text())


def main(arguments: list[str]) -> int:
    wanted = os.environ.get("NAME") or None
    if wanted and wanted not in names():
        print(f"There is no benchmark called {wanted}. There are: {', '.join(names())}.", file=sys.stderr)
        return 2
    failed = 0
    for name in [wanted] if wanted else names():
        print(f"── {name}", flush=True)
        # A process each: a benchmark sets the environment for Django once, and leaves nothing behind for the next.
        failed += subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments], cwd=HERE.parent, check=False).returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
