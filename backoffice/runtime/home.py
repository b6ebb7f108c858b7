"""Where one set of processes keeps its things, and the proof that the place is ours.

A home is a checkout and a name ("demo", "dev", "test-..."). Its folder is `<checkout>/.countroom/<name>`, private to the
user who runs it. Only what another user has to reach lives elsewhere: as root, PostgreSQL works as `nobody`, who cannot
enter a private checkout, so its files go to a folder under /var/tmp whose name is derived from the checkout and the name.
"""

import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backoffice.runtime import identity
from backoffice.runtime.errors import AlreadyRuns, RuntimeProblem

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SHARED_ROOT = Path("/var/tmp")  # noqa: S108 (survives a restart of the machine; every folder in it is owner-checked)
MEMORY_ROOT = Path("/dev/shm")  # noqa: S108 (owner-checked as well)
SOCKET_PATH_LIMIT = 107  # bytes, of sockaddr_un on Linux without the closing zero


def own_folder(path: Path, mode: int = 0o700, uid: int | None = None) -> Path:
    """Make `path`, or accept it when it is a real folder of `uid` (ours unless said) that nobody else can write to.

    A folder that somebody else made first could hold planted files or links, so it is refused, never repaired.
    Raises RuntimeProblem.
    """
    owner = os.geteuid() if uid is None else uid
    try:
        path.mkdir(mode=mode, parents=False)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise RuntimeProblem(f"{path} should be a folder and is not. Move it away and start again.") from None
        if found.st_uid != owner:
            raise RuntimeProblem(
                f"{path} belongs to user {found.st_uid}, and this runs as user {os.geteuid()}. It is not used, since its "
                f"content cannot be trusted. Run as its owner, or remove it and start again."
            ) from None
        if found.st_mode & 0o022:
            raise RuntimeProblem(f"{path} can be written by other users. Remove it and start again.") from None
    else:
        path.chmod(mode)  # whatever the umask took away
        if owner != os.geteuid():
            os.chown(path, owner, -1)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace `path` with `text` in one step, readable by us alone; a kill leaves the old file or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.replace(temporary, path)


@dataclass(frozen=True)
class Home:
    """The folders of one named set of processes of one checkout."""

    name: str
    checkout: Path = CHECKOUT

    @property
    def root(self) -> Path:
        return self.checkout / ".countroom" / self.name

    @property
    def key(self) -> str:
        """Twelve characters that no other checkout or name has."""
        return hashlib.sha256(f"{self.checkout.resolve()}\0{self.name}".encode()).hexdigest()[:12]

    @property
    def shared(self) -> Path:
        """The folder for what `nobody` has to reach; used as root only."""
        return SHARED_ROOT / f"countroom-{self.key}"

    @property
    def memory(self) -> Path:
        """The folder for data that nobody will miss, on a file system in memory."""
        return MEMORY_ROOT / f"countroom-{self.key}"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def make(self) -> None:
        """Make the home's folders. Raises RuntimeProblem when one belongs to somebody else."""
        own_folder(self.checkout / ".countroom")
        for folder in (self.root, self.run, self.logs):
            own_folder(folder)

    def read(self, file: str) -> dict[str, Any]:
        """A remembered dictionary, empty when there is none or a crash left nonsense."""
        try:
            content = json.loads((self.root / file).read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def remember(self, file: str, **values: Any) -> None:
        """Add `values` to a remembered dictionary."""
        write_private(self.root / file, json.dumps({**self.read(file), **values}, indent=1, sort_keys=True))

    def short_folder(self, file: str) -> Path:
        """A private folder in which a socket called `file` has a path that the kernel accepts.

        Inside the home when that is short enough, else beside the machine's other temporary files.
        """
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        outside = [Path(runtime)] if runtime and os.access(runtime, os.W_OK) else []
        outside += [SHARED_ROOT, Path(tempfile.gettempdir())]
        for folder in (self.root / "s", *(base / f"countroom-{self.key}-s" for base in outside)):
            if len(os.fsencode(folder / file)) <= SOCKET_PATH_LIMIT:
                return own_folder(folder)
        raise RuntimeProblem(f"No folder has a path short enough for a socket ({SOCKET_PATH_LIMIT} bytes). Set XDG_RUNTIME_DIR.")

    def remove(self, *, keep_run: bool = False) -> None:
        """Remove everything this home holds, here, under /var/tmp and in memory, if it is ours. `keep_run` keeps a held lock."""
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        bases = [SHARED_ROOT, Path(tempfile.gettempdir()), *([Path(runtime)] if runtime else [])]
        for folder in (self.shared, self.memory, *(base / f"countroom-{self.key}-s" for base in bases)):
            if folder.is_dir() and not folder.is_symlink() and folder.lstat().st_uid == os.geteuid():
                shutil.rmtree(folder)
        if not self.root.is_dir():
            return
        for entry in self.root.iterdir():
            if keep_run and entry == self.run:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        if not keep_run:
            self.root.rmdir()


class Lock:
    """Held by whoever supervises a home. The kernel releases it when the holder dies, however it dies."""

    def __init__(self, home: Home) -> None:
        self.path = home.run / "lock"
        self._handle: int | None = None

    def acquire(self, what: str) -> None:
        """Raises AlreadyRuns, naming the holder."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            holder = self.holder()
            pid = f" (process {holder.pid})" if holder else ""
            raise AlreadyRuns(f"{what} already runs{pid}.") from None
        self._handle = handle
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(identity.of(os.getpid()).as_dict()).encode(), 0)

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @property
    def held(self) -> bool:
        """Whether some process, ours included, holds it now."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def holder(self) -> identity.Identity | None:
        """The process that holds the lock, when it is alive."""
        try:
            found = identity.Identity.from_dict(json.loads(self.path.read_text()))
        except (FileNotFoundError, ValueError, KeyError):
            return None
        return found if found.alive else None
