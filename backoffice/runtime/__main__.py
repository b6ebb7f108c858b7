"""`python -m backoffice.runtime`."""

import sys

from backoffice.runtime.commands import main

sys.exit(main())
