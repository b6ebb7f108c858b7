"""The server's configuration, fitted to the machine and written anew at every start.

It lies outside the data folder: as root we never write into a folder that another user controls.
"""

import os
import shutil
from pathlib import Path

MAIN, HBA = "postgresql.conf", "pg_hba.conf"
MB = 1024 * 1024


def memory_bytes() -> int:
    """The memory that we may use: the machine's, or less where a container says so."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit).read_text()))
        except (OSError, ValueError):
            continue
    return total


def settings(folder: Path, *, sockets: Path, number: int, durable: bool) -> dict[str, str]:
    """Name and value of everything that differs from PostgreSQL's own defaults."""
    memory, disk = memory_bytes() // MB, shutil.disk_usage(folder).free // MB
    values = {
        "listen_addresses": "",
        "port": str(number),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        "shared_buffers": f"{max(128, min(memory // 8, 2048)) if durable else max(64, min(memory // 16, 256))}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(64, min(memory // 16, 512))}MB",
        "max_wal_size": f"{max(256, min(4096, disk // 10))}MB",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
        "log_lock_waits": "on",
        "logging_collector": "off",
        "jit": "off",  # short statements: compiling them costs more than it saves
        "dynamic_shared_memory_type": "posix" if _room_in_shm() else "mmap",
    }
    if not durable:
        # Safe against a kill of the server, not of the machine: commits still reach the kernel before they are answered.
        values |= {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "10min"}
    return values


def write(folder: Path, *, sockets: Path, number: int, durable: bool) -> None:
    """Write both files where the server's user may read them; they hold no secret."""
    values = settings(folder, sockets=sockets, number=number, durable=durable)
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in values.items()]
    for name, text in ((MAIN, "\n".join(lines)), (HBA, "local all all scram-sha-256")):
        file = folder / name
        file.write_text(text + "\n")
        file.chmod(0o644)


def locale_arguments(version: int) -> list[str]:
    """Text sorts by code point on every version and machine, so that an index built on one is right on another."""
    if version >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _room_in_shm() -> bool:
    """Containers often give /dev/shm 64 MB, too little for parallel queries."""
    try:
        return shutil.disk_usage("/dev/shm").total >= 512 * MB  # noqa: S108 (only its size is asked)
    except OSError:
        return False
