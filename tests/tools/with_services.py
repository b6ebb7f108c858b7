"""Run Python programs one after the other on throwaway services: `with_services manage.py check -- manage.py ...`.

Some of Django's checks and `makemigrations --check` ask the database; the checks must not depend on one that happens to be there.
"""

import os
import subprocess
import sys

from backoffice.runtime import services


def split(words: list[str]) -> list[list[str]]:
    """The command lines between the `--`."""
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "--":
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def main() -> int:
    env = {**os.environ, **services.up("check")}
    for command in split(sys.argv[1:]):
        code = subprocess.run([sys.executable, *command], env=env, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
