"""What a person or a log sees of a sweep: a live table, plain lines, JSON lines, or only what went wrong."""

import time
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeps.coordinator import Coordinator
from sweeps.estimate import estimate_time_left
from sweeps.experiment import PlannedRun
from sweeps.experiment_folder import read_standing
from sweeps.units import format_duration


class Progress:
    """Progress of a coordinator's runs since this start."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._started = time.monotonic()
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
            "planned": c.counts.n_planned,
            "eta_s": None if eta is None else round(eta),
            "active": [self._run_facts(run) for run in self._begun],
            "best": {arm: self.best(arm) for arm in c.experiment.arms},
            "last_strip": None if strip is None else str(strip),
        }

    def eta_s(self) -> float | None:
        """Return the seconds left, as `--status` estimates them; None before anything tells."""
        c = self._coordinator
        begun = [read_standing(run, c.root) for run in self._begun]
        waiting = c.counts.n_planned - len(self._settled) - len(begun)
        left = estimate_time_left(c.counts.durations_s, begun, waiting, c.slots.total)
        return None if left is None else left.middle_s

    def numbered(self, line: str) -> str:
        """Return a line of the sweep with how far it is and, where a run has ended, how long it still takes."""
        eta = self.eta_s()
        left = f" (about {format_duration(eta)} left)" if eta is not None and "ended" in line else ""
        return f"[{len(self._settled)}/{self._coordinator.counts.n_planned}] {line}{left}"

    def best(self, arm: str) -> float | None:
        """Return an arm's best value among its settled trials; None before there is one."""
        tuned = self._coordinator.counts.cell(arm, "tune")
        return tuned.best if tuned.valued else None

    def last_strip(self) -> Path | None:
        """Return the newest strip of an active run, or, until one of them has made one, the newest before."""
        c = self._coordinator
        strips = [path for run in self._begun for path in c.root.run(run).samples.glob("*.png")]
        self._strip = max(strips, key=lambda path: path.stat().st_mtime, default=self._strip)
        return self._strip

    @property
    def _begun(self) -> list[PlannedRun]:
        """The runs at work: of one that waits in an engine's queue there is nothing to read."""
        return [run for run, attempt in self._coordinator.active.items() if not attempt.is_queued]

    @property
    def _settled(self) -> dict[PlannedRun, str]:
        return self._coordinator.counts.settled

    def _runs_done(self) -> float:
        return len(self._settled) + sum(self._part(run) for run in self._begun)

    def _part(self, run: PlannedRun) -> float:
        return read_standing(run, self._coordinator.root).part

    def _run_facts(self, run: PlannedRun) -> dict[str, Any]:
        folder = self._coordinator.root.run(run)
        epochs = folder.read_epochs()
        keys = (self._coordinator.experiment.metric.name, "train/kl")
        last = {key: epochs[-1].get(key) for key in keys} if epochs else {}
        total_steps = read_standing(run, self._coordinator.root).state.total_steps
        steps = {"step": folder.read_heartbeat(), "total_steps": total_steps}
        return {"run": f"{run.arm}/{run.name}"} | steps | last

    def _overall(self) -> RenderableType:
        eta, total = self.eta_s(), self._coordinator.counts.n_planned
        grid = Table.grid(padding=(0, 1))
        left = "estimating" if eta is None else f"about {format_duration(eta)} left"
        grid.add_row(
            Text(self._coordinator.experiment.name, style="bold"),
            ProgressBar(total=total, completed=self._runs_done(), width=30),
            f"{len(self._settled)}/{total} runs",
            f"{format_duration(time.monotonic() - self._started)}, {left}",
        )
        for why in (self._coordinator.standing.waits_for, self._coordinator.standing.stopping):
            if why:
                grid.add_row("", "", "", Text(why, style="yellow"))
        return grid

    def _arms(self) -> Table:
        c = self._coordinator
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("arm", "tune", "best val dB", "confirm", "mean dB", "pruned", "lost"):
            table.add_column(heading, justify="left" if heading == "arm" else "right", overflow="fold")
        for arm in c.experiment.arms:
            tune, confirm = c.counts.cell(arm, "tune"), c.counts.cell(arm, "confirm")
            best = f"{tune.best:.2f}" if tune.valued else ""
            mean = f"{confirm.mean:.2f}" if confirm.valued else ""
            bad = sum(n for (a, s), n in c.counts.statuses.items() if a == arm and s not in ("finished", "pruned"))
            pruned = c.counts.statuses[arm, "pruned"]
            table.add_row(arm, tune.done, best, confirm.done, mean, str(pruned or ""), str(bad or ""))
        return table

    def _active(self) -> Table:
        table, metric = Table.grid(padding=(0, 2, 0, 0)), self._coordinator.experiment.metric
        for slot, run in enumerate(self._begun, 1):
            facts, part = self._run_facts(run), ProgressBar(total=1.0, completed=self._part(run), width=20)
            score, last = facts.get(metric.name), "starting"
            if score is not None:
                last = f"{metric.label.lower()} {score:.2f} {metric.unit}  kl {facts['train/kl']:.2f} nats"
            steps = f"{facts['step']}/{facts['total_steps'] or '?'}"
            names = Text(f"slot {slot}", style="dim"), Text(facts["run"], style="cyan", overflow="fold")
            table.add_row(*names, part, steps, last)
        if n_queued := len(self._coordinator.active) - len(self._begun):
            table.add_row("", Text(f"{n_queued} queued", style="dim"))
        return table
