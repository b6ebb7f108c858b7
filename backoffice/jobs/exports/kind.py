"""Exports as a kind of job."""

from django.utils.translation import gettext_lazy as _

from backoffice.jobs import kinds, services
from backoffice.jobs.exports import work
from backoffice.jobs.exports.asking import KIND
from backoffice.jobs.exports.formats import FORMATS
from backoffice.jobs.exports.sources import sources
from backoffice.jobs.kinds import Text
from backoffice.jobs.models import Job


def facts(job: Job) -> list[tuple[Text, str]]:
    spec = job.spec
    source = sources.get(job.code) if job.code in sources else None
    columns = ", ".join(str(column.label) for column in source.chosen(spec["columns"])) if source else ", ".join(spec["columns"])
    masking = _("None in it") if not spec["personal"] else _("Masked") if spec["masked"] else _("In clear")
    return [
        (_("Filter"), work.words(spec["filters"])), (_("Columns"), columns), (_("Format"), str(FORMATS[spec["format"]].label)),
        (_("Personal data"), str(masking)),
    ]  # fmt: skip


EXPORT = kinds.Kind(
    KIND,
    _("Export"),
    work.step,
    {"": _("Starting"), "choosing": _("Choosing rows"), "writing": _("Writing rows"), "assembling": _("Putting the file together")},
    facts,
    services.LARGE_EXPORTS,
    {"cancelled": services.KEPT},
    content_type=lambda job: FORMATS[job.spec["format"]].content_type,
)
