"""A worker of one job for fault tests, meant to be killed. Its parts are small, and it takes its time unless PATIENT=0."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

import django

django.setup()

from backoffice.jobs import runner
from backoffice.jobs.exports import work
from backoffice.jobs.models import Job

work.PART_ROWS = 100
pause = 0.0 if os.environ.get("PATIENT") == "0" else 0.1
kept = work._write


def unhurried(slice_, export):
    time.sleep(pause)
    return kept(slice_, export)


work._write = unhurried

if __name__ == "__main__":
    while runner.run(int(sys.argv[1])) == "running":
        Job.objects.filter(pk=sys.argv[1], lease="").update(next_attempt_at="2020-01-01T00:00:00Z")
