"""Reading ahead while a store is written: episodes side by side, in order, few of them in memory, with a bar."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cvae.data.sources import Episode

#: Threads that read; more find nothing to do while one file system serves them.
MOST_THREADS = 8

#: Episodes in memory for each thread: one that is read and one that waits for its turn.
PER_THREAD = 2


def n_reading_threads() -> int:
    """Return the number of threads that read episodes: one per core that this process may use, at most eight.

    Threads, not processes: files, checksums, pictures and films are read in C code that lets other threads run.
    """
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST_THREADS)


def read_ahead(reads: Sequence[Callable[[], Episode]], n_threads: int) -> Iterator[Episode]:
    """Yield what the calls return, in their order, whatever their number; the first that raises, raises here."""
    if n_threads <= 1:
        for read in reads:
            yield read()
        return
    waiting: deque[Future[Episode]] = deque()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="reading") as pool:
        try:
            for read in reads:
                waiting.append(pool.submit(read))
                if len(waiting) >= PER_THREAD * n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class RateColumn(ProgressColumn):
    """Episodes a second."""

    def render(self, task: Task) -> Text:
        """Return the rate as text; nothing where there is none yet."""
        return Text(f"{task.speed:.0f}/s" if task.speed else "", style="progress.data.speed")


def show_packing(episodes: Iterator[Episode], split: str, n_done: int, n_all: int) -> Iterator[Episode]:
    """Yield the episodes, with a bar and a rate on the error stream where that is a terminal."""
    columns = (
        TextColumn("packing {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(split, total=n_all, completed=n_done)
        for episode in episodes:
            yield episode
            bar.advance(task)
