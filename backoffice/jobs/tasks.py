"""What the clock and hints do to jobs. The committed row is the truth: the sweep finds whatever is due."""

from celery import shared_task

from backoffice.jobs import runner

# A slice takes seconds; only putting a very large file together takes longer, and renews its lease while it does.
LONGEST = 1_800


@shared_task(time_limit=LONGEST)
def run(job_id: int) -> str:
    return runner.run(job_id)


@shared_task(time_limit=LONGEST)
def sweep() -> int:
    return runner.sweep()
