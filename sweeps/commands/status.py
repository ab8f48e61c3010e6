"""A sweep seen from another terminal: read from its folder alone, whether anybody works on it or not."""

from collections import Counter
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cvae.record import FINAL_STATUSES, LOST, RunState
from sweeps.estimate import forecast
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder import DISK_FULL, ExperimentFolder, Ledger, has_room, holder, is_worked_on, read_who
from sweeps.units import format_duration, format_times

#: Lost runs that are listed one by one, and runs in which something was put right.
LISTED = 20

#: Events of the ledger that tell of trouble the sweep came through, in words.
MENDED = {
    "died": "an attempt died {}",
    "hung": "a worker stood still {}",
    "halved": "slots were halved {}",
    "waiting": "it waited for room on the disk {}",
    "journal repaired": "the journal was repaired {}",
}


class SweepStatus:
    """What the folder of an experiment says at one moment."""

    def __init__(self, experiment: Experiment, root: ExperimentFolder) -> None:
        self.experiment = experiment
        self.root = root
        self.plan = all_runs(experiment)
        self.who = read_who(root)
        self.is_worked_on = is_worked_on(root)
        self.states: dict[PlannedRun, RunState] = {}
        for run in self.plan:
            folder = root.run(run)
            state = folder.read_state()
            if state.status == "running" and not folder.is_being_trained():
                state = replace(state, status="interrupted")
            self.states[run] = state
        self.durations: list[float] = []
        self.events: Counter[str] = Counter()
        for event in Ledger(root.ledger).read():
            self.events[event["event"]] += 1
            if event.get("wall_s"):
                self.durations.append(float(event["wall_s"]))

    def of(self, *statuses: str) -> list[PlannedRun]:
        """Return the runs with one of some statuses."""
        return [run for run, state in self.states.items() if state.status in statuses]

    def runs_left(self) -> float:
        """Return how many runs are still to be made, a run half done counted as half a run."""
        return sum(1.0 - self._part(run) for run in self.plan if not self.states[run].is_final)

    def _part(self, run: PlannedRun) -> float:
        total, step = self.states[run].total_steps, self.states[run].step
        return min(max(self.root.run(run).read_heartbeat(), step) / total, 1.0) if total else 0.0

    def value(self, run: PlannedRun) -> float | None:
        """Return the metric at the end of a run."""
        return self.states[run].scores.get(self.experiment.score_key(run.phase))

    def headline(self) -> str:
        """Return one line: who works, how far, how long."""
        done = len(self.of(*FINAL_STATUSES))
        works = f"{holder(self.root)} works on it" if self.is_worked_on else "nobody works on it"
        line = f"{self.experiment.name}: {done} of {len(self.plan)} runs done, {works}"
        slots = sum(self.who.get("slots", {"cpu": 1}).values())
        left = forecast(self.durations, self.runs_left(), slots)
        if done < len(self.plan) and left is not None:
            line += f"; about {format_duration(left.middle_s)} left at {slots} slots"
            line += f" (between {format_duration(left.low_s)} and {format_duration(left.high_s)})"
        return line

    def waits_for(self) -> str | None:
        """Return why nothing is launched; a coordinator whose disk is full cannot write it down."""
        if (said := self.who.get("waits_for")) or not self.root.path.exists() or not self.runs_left():
            return said
        return None if has_room(self.root.path) else DISK_FULL.format(self.root.path)

    def table(self) -> Table:
        """Return one row an arm: counts, the best trial, the mean of the confirm runs."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("arm", "tune", "best dB", "by", "confirm", "mean dB", "running", "pruned", "lost", "attempts"):
            table.add_column(heading, justify="left" if heading in ("arm", "by") else "right")
        for arm in self.experiment.arms:
            table.add_row(*self._row(arm))
        return table

    def _row(self, arm: str) -> list[str]:
        own = {run: state.status for run, state in self.states.items() if run.arm == arm}
        counts = Counter(own.values())
        cells, values = [], {run: v for run in own if (v := self.value(run)) is not None}
        for phase in ("tune", "confirm"):
            runs = [run for run in own if run.phase == phase]
            cells.append(f"{sum(own[run] in FINAL_STATUSES for run in runs)}/{len(runs)}")
        best = max((run for run in values if run.phase == "tune"), key=lambda run: values[run], default=None)
        confirmed = [v for run, v in values.items() if run.phase == "confirm"]
        mean = f"{sum(confirmed) / len(confirmed):.2f}" if confirmed else ""
        top = [f"{values[best]:.2f}", best.name] if best else ["", ""]
        lost = sum(counts[status] for status in LOST)
        attempts = sum(self.states[run].attempt for run in own)
        ends = [str(n or "") for n in (counts["running"], counts["pruned"], lost, attempts)]
        return [arm, cells[0], *top, cells[1], mean, *ends]

    def lost(self) -> list[str]:
        """Return a line for every run that ended without a result, and for every one that goes on after an error."""
        lines = []
        for run, state in self.states.items():
            is_open_with_error = state.status == "interrupted" and state.error is not None
            if state.status in LOST or is_open_with_error:
                said = state.error.message if state.error and state.error.message else "asked to stop"
                lines.append(f"{run.path} {state.status}, attempt {state.attempt}: {said}")
        return lines

    def mended(self) -> list[str]:
        """Return what went wrong and was put right: in the sweep as a whole, then by run."""
        counts = [words.format(format_times(self.events[name])) for name, words in MENDED.items() if self.events[name]]
        by_run = [f"{run.path}: {what}" for run, state in self.states.items() for what in state.mended]
        return ([f"put right: {', '.join(counts)}"] if counts else []) + by_run

    def picture(self) -> RenderableType:
        """Return all of it."""
        parts: list[RenderableType] = [self.headline()]
        for word, why in (("waits", self.waits_for()), ("stopping", self.who.get("stopping"))):
            if why:
                parts.append(Text(f"{word}: {why}", style="yellow"))
        parts.append(self.table())
        for lines in (self.lost(), self.mended()):
            parts += [Text(line) for line in lines[:LISTED]]
            if len(lines) > LISTED:
                parts.append(f"... and {len(lines) - LISTED} more")
        return Group(*parts)


def print_status(experiment: Experiment, root: ExperimentFolder) -> None:
    """Print how a sweep stands."""
    Console(soft_wrap=True, highlight=False).print(SweepStatus(experiment, root).picture())
