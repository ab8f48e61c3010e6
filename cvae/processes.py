"""Which process is which, since a number alone is given away again; and this one's signs of work.

Whoever watches a run from outside knows a hang by the absence of updates and of other work: a batch evaluated, an episode
packed, a checkpoint written. There is one count a process, because what beats lies deep and who reads it is at the top.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

_numbers = itertools.count(1)
_n_beats = 0


def beat() -> None:
    """Show that work goes on which makes no update."""
    global _n_beats
    _n_beats = next(_numbers)


def beats() -> int:
    """Return how often this process has shown that work goes on."""
    return _n_beats


@dataclass(frozen=True)
class ProcessMark:
    """What tells a process from every other that has, or will have, its number on some machine."""

    pid: int
    birth: str  # boot of the machine and ticks since then
    command: str  # arguments, joined by spaces

    @property
    def is_alive(self) -> bool:
        """Whether this very process is at work on this machine."""
        return mark_of(self.pid) == self


def mark_of(pid: int) -> ProcessMark | None:
    """Return a process's mark; None where there is no such process, or the system does not say."""
    process = Path("/proc") / str(pid)
    try:
        # the name stands in brackets and may hold anything: what follows the last bracket is fields 3 and up
        fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
        command = (process / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in "ZX":  # has ended and waits to be collected
        return None
    return ProcessMark(pid, f"{boot}/{fields[19]}", command)
