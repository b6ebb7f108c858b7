#!/usr/bin/env python
"""Countroom's command line."""

import os
import sys

# Commands that change the schema or copy the whole database work as the database's owner; everything else runs
# with the restricted login, so that a bug cannot rewrite history (docs/deployment.md).
AS_OWNER = {"migrate", "setup", "backup", "restore", "retire_entries", "sqlmigrate", "showmigrations"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    if len(sys.argv) > 1 and sys.argv[1] in AS_OWNER:
        os.environ["COUNTROOM_DB_ROLE"] = "owner"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
