"""A payments worker for fault tests, meant to be killed: sweeps until nobody is left to stop it. Only its patience is shorter."""

import os
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

import django

django.setup()

from payments.services import calls
from payments.tasks import sweep

calls.CALL_LEASE = timedelta(seconds=2)
calls.SILENCE = timedelta(seconds=1)
calls.backoff.__kwdefaults__.update(least=0.1, most=0.5)

if __name__ == "__main__":
    print("ready", flush=True)
    while True:
        sweep()
