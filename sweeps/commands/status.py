"""A sweep seen from another terminal: read from its folder alone, whether anybody works on it or not."""

from collections import Counter
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cvae.config import load_yaml_mapping
from cvae.console import new_console, printable
from cvae.errors import fault_of
from cvae.record import LOST
from sweeps.estimate import estimate_time_left
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder import (
    DISK_FULL,
    ExperimentFolder,
    Ledger,
    RunCounts,
    RunStanding,
    describe_look,
    ended_runs,
    final_value,
    has_room,
    is_worked_on,
    read_coordinator,
    read_looks,
    read_standing,
    spared_runs,
)
from sweeps.units import format_duration, format_times

#: Lost runs that are listed one by one, and runs in which something was put right.
LISTED = 20

#: Events of the ledger for trouble that the sweep came through, as people read them.
MENDED = {
    "died": "an attempt died {}",
    "hung": "a worker stood still {}",
    "halved": "slots were halved {}",
    "enlarged": "more was asked for after running out of memory {}",
    "preempted": "a job was preempted {}",
    "resubmitted": "a job was submitted again {}",
    "waiting": "it waited for trouble to pass {}",
    "journal repaired": "the journal was repaired {}",
}


class SweepStatus:
    """What the folder of an experiment says at one moment."""

    def __init__(self, experiment: Experiment, root: ExperimentFolder) -> None:
        self.experiment = experiment
        self.root = root
        self.plan = all_runs(experiment)
        self.coordinator = read_coordinator(root)
        self.is_worked_on = is_worked_on(root)
        self.runs: dict[PlannedRun, RunStanding] = {run: read_standing(run, root) for run in self.plan}
        self.counts = RunCounts(self.plan)
        for run, standing in self.runs.items():
            if (state := standing.state).is_final:
                self.counts.settle(run, state.status, final_value(experiment, run, state))
        ledger = Ledger(root.ledger)
        events = list(ledger.read())
        faults = [line for standing in self.runs.values() for line in standing.damage]
        self.damage = [*faults, *(line for line in (ledger.damage(), _fault_of_experiment(root)) if line)]
        self.events = Counter(event["event"] for event in events)
        self.looks = list(read_looks(events))
        for run in spared_runs(experiment, root, self.looks):
            self.counts.spare(run)
        self.counts.durations_s += [end.wall_s for end in ended_runs(events) if end.wall_s]

    @property
    def is_over(self) -> bool:
        """Whether every planned run is settled."""
        return len(self.counts.settled) >= self.counts.n_planned

    def headline(self) -> str:
        """Return one line: who works, how far, how long."""
        works = f"{self.coordinator.holder} works on it" if self.is_worked_on else "nobody works on it"
        line = f"{self.experiment.name}: {len(self.counts.settled)} of {self._planned} runs done, {works}"
        slots = self.coordinator.n_slots
        begun = [run for run in self.runs.values() if run.part and not run.state.is_final]
        waiting = self.counts.n_planned - len(self.counts.settled) - len(begun)
        left = estimate_time_left(self.counts.durations_s, begun, waiting, slots)
        if not self.is_over and left is not None:
            line += f"; about {format_duration(left.middle_s)} left at {slots} slots"
            line += f" (between {format_duration(left.low_s)} and {format_duration(left.high_s)})"
        return line

    @property
    def _planned(self) -> str:
        """How many runs are planned; of a sweep that may end early, at most."""
        n = self.counts.n_planned
        return f"at most {n}" if self.experiment.confirm.stop == "sure" and not self.is_over else str(n)

    def last_look(self) -> list[str]:
        """Return how the pairs of arms stood at the last look, and what that spared."""
        if not self.looks:
            return []
        lines = [f"looked: {describe_look(self.looks[-1], self.experiment)}"]
        return [*lines, f"spared: {len(self.counts.spared)} runs"] if self.counts.spared else lines

    def waits_for(self) -> str | None:
        """Return why nothing is launched; a coordinator whose disk is full cannot write it down."""
        if self.coordinator.waits_for or not self.root.path.exists() or self.is_over:
            return self.coordinator.waits_for
        return None if has_room(self.root.path) else DISK_FULL.format(self.root.path)

    def damaged(self) -> list[str]:
        """Return a line for everything that cannot be read: the next start mends it, or makes its run again."""
        return [f"warning: {line}" for line in self.damage]

    def table(self) -> Table:
        """Return one row an arm: counts, the best trial, the mean of the confirm runs."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("arm", "tune", "best dB", "by", "confirm", "mean dB", "running", "pruned", "lost", "attempts"):
            table.add_column(heading, justify="left" if heading in ("arm", "by") else "right", overflow="fold")
        for arm in self.experiment.arms:
            table.add_row(*self._row(arm))
        return table

    def _row(self, arm: str) -> list[str]:
        statuses = Counter(standing.state.status for run, standing in self.runs.items() if run.arm == arm)
        tune, confirm = self.counts.cell(arm, "tune"), self.counts.cell(arm, "confirm")
        best = [f"{tune.best:.2f}", tune.best_run.name] if tune.best_run else ["", ""]
        mean = f"{confirm.mean:.2f}" if confirm.valued else ""
        lost = sum(statuses[status] for status in LOST)
        attempts = sum(standing.state.attempt for run, standing in self.runs.items() if run.arm == arm)
        ends = [str(n or "") for n in (statuses["running"], statuses["pruned"], lost, attempts)]
        return [arm, tune.done, *best, confirm.done, mean, *ends]

    def jobs(self) -> list[str]:
        """Return a line for every job that an engine has: where it runs, or what it waits for."""
        now = datetime.now(UTC)
        return [f"{run.path}: {s.job.describe(now)}" for run, s in self.runs.items() if s.job is not None]

    def lost(self) -> list[str]:
        """Return a line for every run that ended without a result, and for every one that goes on after an error."""
        lines = []
        for run, standing in self.runs.items():
            state = standing.state
            is_open_with_error = state.status == "interrupted" and state.error is not None
            if state.status in LOST or is_open_with_error:
                why = state.error.message if state.error and state.error.message else "asked to stop"
                lines.append(f"{run.path} {state.status}, attempt {state.attempt}: {why}")
        return lines

    def mended(self) -> list[str]:
        """Return what went wrong and was put right: in the sweep as a whole, then by run."""
        counts = [line.format(format_times(self.events[name])) for name, line in MENDED.items() if self.events[name]]
        by_run = [f"{run.path}: {what}" for run, standing in self.runs.items() for what in standing.state.mended]
        return ([f"put right: {', '.join(counts)}"] if counts else []) + by_run

    def picture(self) -> RenderableType:
        """Return all of it."""
        parts: list[RenderableType] = [self.headline()]
        for word, why in (("waits", self.waits_for()), ("stopping", self.coordinator.stopping)):
            if why:
                parts.append(Text(f"{word}: {why}", style="yellow"))
        parts += [self.table(), *map(Text, self.last_look())]
        for lines in (self.damaged(), self.jobs(), self.lost(), self.mended()):
            parts += [Text(printable(line)) for line in lines[:LISTED]]
            if len(lines) > LISTED:
                parts.append(f"... and {len(lines) - LISTED} more")
        return Group(*parts)


def _fault_of_experiment(root: ExperimentFolder) -> str | None:
    """Return what is wrong with the experiment's file; None where it can be read, or nothing was launched."""
    return fault_of(lambda: load_yaml_mapping(root.experiment)) if root.ledger.exists() else None


def print_status(experiment: Experiment, root: ExperimentFolder) -> None:
    """Print how a sweep stands."""
    new_console(soft_wrap=True).print(SweepStatus(experiment, root).picture())
