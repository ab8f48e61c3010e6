"""What a person or a log sees of a sweep: a live table, plain lines, JSON lines, or only what went wrong."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeps.coordinator import Coordinator
from sweeps.output import Output
from sweeps.plan import PlannedRun
from sweeps.tally import Cell
from sweeps.words import clock

#: Seconds between two pictures of a live table, and between two `progress` lines of JSON.
DRAW_S, TELL_S = 0.5, 10.0
#: Words in a line that a quiet sweep passes on.
TROUBLE = ("died", "diverged", "failed", "infeasible", "unconfirmable", "warning")


class Companion(Protocol):
    """Something beside the sweep that may have something to say, like its mirror."""

    def lines(self) -> Iterator[str]:
        """Yield what was said since the last look."""
        ...


class Progress:
    """Progress of a coordinator's runs since this start."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._started = time.monotonic()
        self._done_before: float | None = None
        self._strip: Path | None = None

    def table(self) -> RenderableType:
        """Return the whole picture: overall bar, arms, the runs that are training, the latest pictures."""
        parts = [self._overall(), self._arms(), self._active()]
        strip = self.last_strip()
        return Group(*parts, *([Text(f"last strip  {strip}", style="dim", no_wrap=True)] if strip else []))

    def facts(self) -> dict[str, Any]:
        """Return the same picture as JSON values."""
        c, eta, strip = self._coordinator, self.eta_s(), self.last_strip()
        return {
            "settled": len(self._settled),
            "planned": len(c.plan),
            "eta_s": None if eta is None else round(eta),
            "active": [self._run_facts(run) for run in c.active],
            "best": {arm: self.best(arm) for arm in c.experiment.arms},
            "last_strip": None if strip is None else str(strip),
        }

    def eta_s(self) -> float | None:
        """Return the seconds left at the pace so far, parts of runs counted; None before there is a pace."""
        done = self._runs_done()
        if self._done_before is None:
            self._done_before = done
        gained = done - self._done_before
        elapsed = time.monotonic() - self._started
        return None if gained < 0.2 else (len(self._coordinator.plan) - done) * elapsed / gained

    def numbered(self, line: str) -> str:
        """Return a line of the sweep with how far it is and, where a run has ended, how long it still takes."""
        eta = self.eta_s()
        left = f" (about {clock(eta)} left)" if eta is not None and "ended" in line else ""
        return f"[{len(self._settled)}/{len(self._coordinator.plan)}] {line}{left}"

    def best(self, arm: str) -> float | None:
        """Return an arm's best value among its settled trials; None before there is one."""
        tuned = self._cell(arm, "tune")
        return tuned.best if tuned.valued else None

    def last_strip(self) -> Path | None:
        """Return the strip that was drawn last by an active run, or, until one of them has drawn, before."""
        c = self._coordinator
        strips = [path for run in c.active for path in run.folder(c.root).samples.glob("*.png")]
        self._strip = max(strips, key=lambda path: path.stat().st_mtime, default=self._strip)
        return self._strip

    @property
    def _settled(self) -> dict[PlannedRun, str]:
        return self._coordinator.tally.settled

    def _runs_done(self) -> float:
        return len(self._settled) + sum(self._part(run) for run in self._coordinator.active)

    def _part(self, run: PlannedRun) -> float:
        folder = run.folder(self._coordinator.root)
        total = folder.read_state().get("total_steps")
        return min(folder.read_heartbeat() / total, 1.0) if total else 0.0

    def _run_facts(self, run: PlannedRun) -> dict[str, Any]:
        folder = run.folder(self._coordinator.root)
        epochs = folder.read_epochs()
        last = {key: epochs[-1].get(key) for key in ("val/psnr", "train/kl")} if epochs else {}
        steps = {"step": folder.read_heartbeat(), "total_steps": folder.read_state().get("total_steps")}
        return {"run": f"{run.arm}/{run.name}"} | steps | last

    def _overall(self) -> RenderableType:
        eta, total = self.eta_s(), len(self._coordinator.plan)
        grid = Table.grid(padding=(0, 1))
        left = "estimating" if eta is None else f"about {clock(eta)} left"
        grid.add_row(
            Text(self._coordinator.experiment.name, style="bold"),
            ProgressBar(total=total, completed=self._runs_done(), width=30),
            f"{len(self._settled)}/{total} runs",
            f"{clock(time.monotonic() - self._started)}, {left}",
        )
        for why in (self._coordinator.waits_for, self._coordinator.stopping):
            if why:
                grid.add_row("", "", "", Text(why, style="yellow"))
        return grid

    def _arms(self) -> Table:
        c = self._coordinator
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("arm", "tune", "best val dB", "confirm", "mean dB", "pruned", "lost"):
            table.add_column(heading, justify="left" if heading == "arm" else "right")
        for arm in c.experiment.arms:
            tune, confirm = self._cell(arm, "tune"), self._cell(arm, "confirm")
            best = f"{tune.best:.2f}" if tune.valued else ""
            mean = f"{confirm.mean:.2f}" if confirm.valued else ""
            done = [f"{cell.settled}/{cell.planned}" for cell in (tune, confirm)]
            bad = sum(n for (a, s), n in c.tally.statuses.items() if a == arm and s not in ("finished", "pruned"))
            pruned = c.tally.statuses[arm, "pruned"]
            table.add_row(arm, done[0], best, done[1], mean, str(pruned or ""), str(bad or ""))
        return table

    def _cell(self, arm: str, phase: str) -> Cell:
        return self._coordinator.tally.cells.get((arm, phase), Cell())

    def _active(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        for slot, run in enumerate(self._coordinator.active, 1):
            facts, part = self._run_facts(run), ProgressBar(total=1.0, completed=self._part(run), width=20)
            known = facts.get("val/psnr") is not None
            last = f"psnr {facts['val/psnr']:.2f} dB  kl {facts['train/kl']:.2f} nats" if known else "starting"
            steps = f"{facts['step']}/{facts['total_steps'] or '?'}"
            table.add_row(Text(f"slot {slot}", style="dim"), Text(facts["run"], style="cyan"), part, steps, last)
        return table


def watch(coordinator: Coordinator, console: Console, output: Output = "live", mirror: Companion | None = None) -> None:
    """Run a coordinator to its end before a person's eyes, or into a log."""
    progress = Progress(coordinator)
    lines = _with(coordinator.run(), mirror)
    if output == "json":
        _tell_json(progress, lines, coordinator.root.ledger)
    elif output == "live" and console.is_terminal:
        _draw(progress, lines, console)
    else:
        for line in lines:
            if line and (output != "quiet" or any(word in line for word in TROUBLE)):
                print(progress.numbered(line), flush=True)


def _with(lines: Iterable[str], mirror: Companion | None) -> Iterator[str]:
    """Yield the sweep's lines and, as they come, those of what runs beside it."""
    for line in lines:
        yield line
        if mirror is not None:
            yield from mirror.lines()


def _draw(progress: Progress, lines: Iterable[str], console: Console) -> None:
    with Live(progress.table(), console=console, refresh_per_second=4, transient=True) as live:
        for line in _at_intervals(lines, DRAW_S):
            if line.startswith("warning"):
                live.console.print(line, style="yellow", markup=False, highlight=False)
            live.update(progress.table())
    console.print(progress.table())


def _tell_json(progress: Progress, lines: Iterable[str], ledger: Path) -> None:
    """Print the ledger's new entries as they are written, warnings, and the whole picture every so often."""
    read, told = ledger.stat().st_size if ledger.exists() else 0, 0.0
    for line in lines:
        if line.startswith("warning"):
            print(json.dumps({"event": "warning", "text": line.removeprefix("warning: ")}), flush=True)
        entries, read = _entries_after(ledger, read)
        for entry in entries:
            print(json.dumps(entry), flush=True)
        if entries or time.monotonic() - told >= TELL_S:
            told = time.monotonic()
            print(json.dumps({"event": "progress"} | progress.facts()), flush=True)


def _entries_after(ledger: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return the whole entries of a ledger that begin at a byte offset, and the offset of what follows them."""
    if not ledger.exists():
        return [], offset
    with ledger.open("rb") as file:
        file.seek(offset)
        new = file.read()
    whole = new[: new.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()], offset + len(whole)


def _at_intervals(lines: Iterable[str], every_s: float) -> Iterable[str]:
    """Pass on lines that say something, and others only every so often: drawing reads the run folders."""
    last = 0.0
    for line in lines:
        if line or time.monotonic() - last >= every_s:
            last = time.monotonic()
            yield line
