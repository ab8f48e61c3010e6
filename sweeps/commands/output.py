"""A sweep at work as `--output` wants it: a table, lines, JSON, or trouble alone."""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live

from cvae.console import echo_line
from cvae.files import parse_json
from sweeps.commands.live import Progress
from sweeps.commands.options import Output
from sweeps.coordinator import Coordinator

#: Seconds between two pictures of a live table, and between two `progress` lines of JSON.
RENDER_S, ECHO_S = 0.5, 10.0

#: Words in a line that a quiet sweep passes on.
TROUBLE = ("died", "diverged", "failed", "infeasible", "unconfirmable", "warning")


class Companion(Protocol):
    """Something that works beside the sweep and has lines to pass on, like its mirror."""

    def lines(self) -> Iterator[str]:
        """Yield the lines since the last look."""
        ...


def echo_to_whoever_reads(line: str) -> None:
    """Print a line at once. A reader that has gone away, as `| head` does, ends no sweep: it goes on unheard."""
    try:
        echo_line(line)
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 # what is still printed is for nobody
        echo_line("warning: nobody reads standard output any more; the sweep goes on, see --status", sys.stderr)


def watch(
    coordinator: Coordinator, console: Console, output: Output = "live", companions: Sequence[Companion] = ()
) -> None:
    """Run a coordinator to its end before a person's eyes, or into a log."""
    progress = Progress(coordinator)
    lines = _with(coordinator.run(), companions)
    if output == "json":
        _echo_json(progress, lines, coordinator.root.ledger)
    elif output == "live" and console.is_terminal:
        _show_live(progress, lines, console)
    else:
        for line in lines:
            if line and (output != "quiet" or any(word in line for word in TROUBLE)):
                echo_to_whoever_reads(progress.numbered(line))


def _with(lines: Iterable[str], companions: Sequence[Companion]) -> Iterator[str]:
    """Yield the sweep's lines and, as they come, those of what runs beside it."""
    for line in lines:
        yield line
        for companion in companions:
            yield from companion.lines()


def _show_live(progress: Progress, lines: Iterable[str], console: Console) -> None:
    with Live(progress.table(), console=console, refresh_per_second=4, transient=True) as live:
        for line in _at_intervals(lines, RENDER_S):
            if line.startswith("warning"):
                live.console.print(line, style="yellow")
            live.update(progress.table())
    console.print(progress.table())


def _echo_json(progress: Progress, lines: Iterable[str], ledger: Path) -> None:
    """Print the ledger's new entries as they are written, warnings, and the whole picture every so often."""
    read, echoed_at = ledger.stat().st_size if ledger.exists() else 0, 0.0
    for line in lines:
        if line.startswith("warning"):
            echo_to_whoever_reads(json.dumps({"event": "warning", "text": line.removeprefix("warning: ")}))
        entries, read = _entries_after(ledger, read)
        for entry in entries:
            echo_to_whoever_reads(json.dumps(entry))
        if entries or time.monotonic() - echoed_at >= ECHO_S:
            echoed_at = time.monotonic()
            echo_to_whoever_reads(json.dumps({"event": "progress"} | progress.facts()))


def _entries_after(ledger: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return the whole entries of a ledger that begin at a byte offset, and the offset of what follows them."""
    if not ledger.exists():
        return [], offset
    with ledger.open("rb") as file:
        file.seek(offset)
        new = file.read()
    whole = new[: new.rfind(b"\n") + 1]
    entries = []
    for line in whole.splitlines():
        with suppress(ValueError):  # damaged since it was written
            entries.append(parse_json(line))
    return entries, offset + len(whole)


def _at_intervals(lines: Iterable[str], every_s: float) -> Iterable[str]:
    """Pass on lines with something in them, and empty ones only every so often: a picture reads the run folders."""
    last = 0.0
    for line in lines:
        if line or time.monotonic() - last >= every_s:
            last = time.monotonic()
            yield line
