"""How much other processes compute while something is measured."""

import os
import resource
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

STAT = Path("/proc/stat")
#: Fields of the line `cpu` that are no work: idle and waiting for a disk; guests are in user time already.
IDLE, WAITING, N_KINDS = 3, 4, 8
#: Where a process's line has its parent, and its processor time and that of the children that it waited for, after its
#: name.
PARENT, SPENT = 1, slice(11, 15)


class OthersMeter:
    """Tells the mean number of cores that others than this process and those it began computed on meanwhile."""

    def __init__(self) -> None:
        self._started, self._busy, self._own = time.perf_counter(), busy_s(), own_s()

    def read(self) -> float | None:
        """Return cores, to two digits; None where the system has no `/proc/stat`."""
        busy = busy_s()
        if busy is None or self._busy is None:
            return None
        return round(max(0.0, busy - self._busy - (own_s() - self._own)) / max(self.seconds(), 1e-3), 2)

    def seconds(self) -> float:
        """Return how long it has measured."""
        return time.perf_counter() - self._started


def busy_s() -> float | None:
    """Return the seconds that all cores have computed since the machine began."""
    if not STAT.exists():
        return None
    spent = [int(field) for field in STAT.read_text().split("\n", 1)[0].split()[1 : 1 + N_KINDS]]
    return (sum(spent) - spent[IDLE] - spent[WAITING]) / os.sysconf("SC_CLK_TCK")


def own_s() -> float:
    """Return the processor seconds of this process and of those that it began, and they in turn."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + sum(_seconds_of_children())


def _seconds_of_children() -> Iterator[float]:
    """Yield the processor seconds of each process that descends from this one and still lives."""
    lines = {int(stat.parent.name): _after_name(stat) for stat in Path("/proc").glob("[0-9]*/stat")}
    families = defaultdict[int, list[int]](list)
    for pid, fields in lines.items():
        if fields:
            families[int(fields[PARENT])].append(pid)
    found = list(families[os.getpid()])
    while found:
        pid = found.pop()
        found += families[pid]
        yield sum(map(int, lines[pid][SPENT])) / os.sysconf("SC_CLK_TCK")


def _after_name(stat: Path) -> list[str]:
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended since
        return []
