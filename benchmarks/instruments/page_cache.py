"""How much of a file the system keeps in memory, so that a small store is served as one larger than memory is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OF_PROCESS = Path("/proc/self/cgroup")
MEMORY = Path("/sys/fs/cgroup/memory")


def drop_pages(path: Path) -> None:
    """Let the kernel forget what it keeps of a file and no process has mapped, so that it is read from the disk."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def page_cache_of(n_bytes: int) -> Iterator[bool]:
    """Limit the page cache of this process to so many bytes, for as long as the context lasts.

    The process moves into a control group within its own, whose limits still hold, and back. What it has by then stays
    counted outside, so warm it up first; what it takes for itself later, it takes from its page cache.

    Yields:
        whether there is a limit: it takes version 1 of the memory controller, and root.
    """
    outer = own_group()
    group = None if outer is None else outer / f"page-cache-{os.getpid()}"
    try:
        yield group is not None and _enter(group, n_bytes)
    finally:
        if group is not None and group.exists():
            (group.parent / "cgroup.procs").write_text(str(os.getpid()))
            group.rmdir()


def own_group() -> Path | None:
    """Return the folder of this process's memory control group; None where there is none of version 1."""
    lines = OF_PROCESS.read_text().splitlines() if OF_PROCESS.exists() else []
    paths = [path for _, controllers, path in (line.split(":", 2) for line in lines) if controllers == "memory"]
    return MEMORY / paths[0].lstrip("/") if paths else None


def _enter(group: Path, n_bytes: int) -> bool:
    with suppress(OSError):
        if (group.parent / "memory.use_hierarchy").read_text().strip() == "1":
            group.mkdir()
            (group / "memory.limit_in_bytes").write_text(str(n_bytes))
            (group / "cgroup.procs").write_text(str(os.getpid()))
            return True
    return False
