"""Imports as a kind of job."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.jobs import kinds, services
from backoffice.jobs.imports import asking, work
from backoffice.jobs.imports.declared import imports
from backoffice.jobs.imports.reading import XLSX
from backoffice.jobs.kinds import Text
from backoffice.jobs.models import Import, Job

ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
SEPARATORS = {",": gettext_lazy("commas"), ";": gettext_lazy("semicolons"), "\t": gettext_lazy("tabs")}


def how(content: Import) -> str:
    """`CSV, semicolons, UTF-8`."""
    if content.form == XLSX:
        return _("XLSX, sheet “%(name)s”") % {"name": content.sheet}
    return f"CSV, {SEPARATORS[content.delimiter]}, {ENCODINGS[content.encoding]}"


def facts(job: Job) -> list[tuple[Text, str]]:
    content = Import.objects.get(job=job)
    labels = {field.key: str(field.label) for field in imports.get(job.code).fields} if job.code in imports else {}
    columns = ", ".join(f"{labels.get(key, key)} ← {content.heads[place]}" for key, place in content.columns.items())
    return [(_("File"), job.filename), (_("Read as"), how(content)), (_("Columns"), columns or "–"), ("sha256", job.sha256)]


IMPORT = kinds.Kind(
    asking.KIND,
    gettext_lazy("Import"),
    work.step,
    {
        "": gettext_lazy("Starting"),
        "reading": gettext_lazy("Reading the file"),
        "checking": gettext_lazy("Checking rows"),
        "committing": gettext_lazy("Importing rows"),
    },
    facts,
    services.LARGE_IMPORTS,
    {"done": asking.KEPT, "cancelled": asking.KEPT, "failed": asking.KEPT},
)
