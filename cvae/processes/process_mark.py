"""A process known by its birth and its command beside its number."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessMark:
    """What tells a process from every other that has, or will have, its number on some machine."""

    pid: int
    birth: str  # boot of the machine and ticks since then
    command: str  # digest of its arguments: a mark is written into files, and an argument may hold a password

    @property
    def is_alive(self) -> bool:
        """Whether this very process is at work on this machine."""
        return mark_of(self.pid) == self


def mark_of(pid: int) -> ProcessMark | None:
    """Return a process's mark; None where there is no such process, or the system does not say."""
    process = Path("/proc") / str(pid)
    try:
        # the name stands in brackets and may hold anything: what follows the last bracket is fields 3 and up
        fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        arguments = (process / "cmdline").read_bytes().rstrip(b"\0")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in "ZX":  # has ended and waits to be collected
        return None
    birth = f"{boot}/{fields[19]}"
    return ProcessMark(pid, birth, hashlib.sha256(birth.encode() + b"\0" + arguments).hexdigest()[:8])
