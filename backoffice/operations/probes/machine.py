"""Room on the disks of the machine that asks: the data directory, and the storage of exports when it is a folder."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.runtime.probes import PERCENT, Found, NotKnown, Probe, Text
from backoffice.runtime.probes import register as add

GB = 1_000_000_000


def room(path: Path) -> Found:
    """Free share of the disk that holds `path`, which may not exist yet."""
    folder = next((one for one in (path, *path.parents) if one.exists()), None)
    if folder is None:
        raise NotKnown(gettext_noop("The folder is not there."))
    usage = shutil.disk_usage(folder)
    params: dict[str, str | int] = {"free": f"{usage.free / GB:,.1f}", "total": f"{usage.total / GB:,.1f}", "machine": socket.gethostname()}
    return Found(usage.free * 100 / usage.total, gettext_noop("%(free)s of %(total)s GB free on %(machine)s."), params)


def exports() -> Found:
    storage = storages["jobs"]
    if not isinstance(storage, FileSystemStorage):
        raise NotKnown(gettext_noop("Exports lie in a storage that does not say how full it is."))
    return room(Path(storage.location))


def _disk(code: str, label: Text, read: Callable[[], Found]) -> Probe:
    return Probe(
        code, label, "machine", PERCENT, read, _("Free room on the disk, of the machine that looked last."),
        _("Remove what is not needed, or enlarge the disk, before writes fail. Old exports end by themselves."), 15, 5, below=True, every=60,
    )  # fmt: skip


def register() -> None:
    add(_disk("disk.data", _("Disk of the data directory"), lambda: room(settings.DATA_DIR)))
    add(_disk("disk.exports", _("Disk of exports"), exports))
