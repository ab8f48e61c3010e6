"""What a person sees of a sweep: a live table in a terminal, plain lines where it is piped."""

import time
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeps.coordinator import Coordinator
from sweeps.plan import PlannedRun
from sweeps.tally import Cell
from sweeps.words import clock


class Progress:
    """Progress of a coordinator's runs since this start."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._started = time.monotonic()
        self._done_before: float | None = None

    def table(self) -> RenderableType:
        """Return the whole picture: overall bar, arms, and the runs that are training."""
        return Group(self._overall(), self._arms(), self._active())

    def eta_s(self) -> float | None:
        """Return the seconds left at the pace so far, parts of runs counted; None before there is a pace."""
        done = self._runs_done()
        if self._done_before is None:
            self._done_before = done
        gained = done - self._done_before
        elapsed = time.monotonic() - self._started
        return None if gained < 0.2 else (len(self._coordinator.plan) - done) * elapsed / gained

    def _runs_done(self) -> float:
        return len(self._coordinator.tally.settled) + sum(self._part(run) for run in self._coordinator.active)

    def _part(self, run: PlannedRun) -> float:
        folder = run.folder(self._coordinator.root)
        total = folder.read_state().get("total_steps")
        return min(folder.read_heartbeat() / total, 1.0) if total else 0.0

    def _overall(self) -> RenderableType:
        eta, total = self.eta_s(), len(self._coordinator.plan)
        grid = Table.grid(padding=(0, 1))
        left = "estimating" if eta is None else f"about {clock(eta)} left"
        grid.add_row(
            Text(self._coordinator.experiment.name, style="bold"),
            ProgressBar(total=total, completed=self._runs_done(), width=30),
            f"{len(self._coordinator.tally.settled)}/{total} runs",
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
            tune, confirm = (c.tally.cells.get((arm, phase), Cell()) for phase in ("tune", "confirm"))
            best = f"{tune.best:.2f}" if tune.valued else ""
            mean = f"{confirm.mean:.2f}" if confirm.valued else ""
            done = [f"{cell.settled}/{cell.planned}" for cell in (tune, confirm)]
            bad = sum(n for (a, s), n in c.tally.statuses.items() if a == arm and s not in ("finished", "pruned"))
            pruned = c.tally.statuses[arm, "pruned"]
            table.add_row(arm, done[0], best, done[1], mean, str(pruned or ""), str(bad or ""))
        return table

    def _active(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        for run in self._coordinator.active:
            folder = run.folder(self._coordinator.root)
            epochs = folder.read_epochs()
            last = (
                f"psnr {epochs[-1]['val/psnr']:.2f} dB  kl {epochs[-1]['train/kl']:.2f} nats" if epochs else "starting"
            )
            total = folder.read_state().get("total_steps", 0)
            part = ProgressBar(total=1.0, completed=self._part(run), width=20)
            table.add_row(Text(f"{run.arm}/{run.name}", style="cyan"), part, f"{folder.read_heartbeat()}/{total}", last)
        return table


def watch(coordinator: Coordinator, console: Console) -> None:
    """Run a coordinator to its end before a person's eyes."""
    progress = Progress(coordinator)
    if console.is_terminal:
        with Live(progress.table(), console=console, refresh_per_second=4, transient=True) as live:
            for _ in _at_intervals(coordinator.run(), 0.5):
                live.update(progress.table())
        console.print(progress.table())
        return
    for line in coordinator.run():
        if line:
            eta = progress.eta_s()
            left = f" (about {clock(eta)} left)" if eta is not None and "ended" in line else ""
            print(f"[{len(coordinator.tally.settled)}/{len(coordinator.plan)}] {line}{left}", flush=True)


def _at_intervals(lines: Iterable[str], every_s: float) -> Iterable[str]:
    """Pass on lines that say something, and others only every so often: drawing reads the run folders."""
    last = 0.0
    for line in lines:
        if line or time.monotonic() - last >= every_s:
            last = time.monotonic()
            yield line
