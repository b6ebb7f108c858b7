"""What stops a start, in words for the person at the terminal."""


class RuntimeProblem(Exception):
    """Stop, and tell the person why. The message is the whole output: no traceback helps here."""

    exit_code = 1


class AlreadyRuns(RuntimeProblem):
    """Another process supervises this home already; it is left alone."""


class PortTaken(RuntimeProblem):
    """The web port cannot be used. The message names the variable that changes it."""

    exit_code = 2


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM: leave the current step and end what was started."""
