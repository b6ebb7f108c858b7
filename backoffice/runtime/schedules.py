"""What runs by the clock. Rooms register their tasks; `manage.py beat` runs them, one beat in the whole installation."""

_schedule: dict[str, tuple[str, float]] = {}


def every(seconds: float, *, task: str) -> None:
    """Run `task` (its dotted name) every so many seconds. The task must do no harm when it runs twice at once."""
    _schedule[task] = (task, seconds)


def beat_schedule() -> dict[str, dict[str, object]]:
    """In Celery's words. A message that waited longer than its period is dropped: the next one does the same."""
    return {name: {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 5.0)}} for name, (task, seconds) in _schedule.items()}
