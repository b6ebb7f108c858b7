"""What the app's login may do to jobs. What people said about one is never rewritten or removed; nor is a job."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("jobs_job", "SELECT, INSERT, UPDATE")
    rights.restrict("jobs_verdict", "SELECT, INSERT")
    rights.restrict("jobs_import", "SELECT, INSERT, UPDATE")
    rights.restrict("jobs_rowresult", "SELECT, INSERT, DELETE")
    rights.restrict("jobs_part", "SELECT, INSERT, DELETE")
