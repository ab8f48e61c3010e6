"""How far a sweep is, counted as runs are settled: looking costs the same however many there are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sweeps.experiment import PlannedRun


@dataclass
class Cell:
    """The runs of one arm in one phase."""

    planned: int = 0
    settled: int = 0
    valued: int = 0
    total: float = 0.0
    best: float = float("-inf")
    best_run: PlannedRun | None = None  # the first with that value

    @property
    def done(self) -> str:
        """How many of the planned runs are settled, for people."""
        return f"{self.settled}/{self.planned}"

    @property
    def mean(self) -> float:
        """Mean of the values; there is one."""
        return self.total / self.valued

    def add(self, run: PlannedRun, value: float | None) -> None:
        """Count a run that is settled, with the metric at its end where it has one."""
        self.settled += 1
        if value is None:
            return
        self.valued += 1
        self.total += value
        if value > self.best:
            self.best, self.best_run = value, run


class RunCounts:
    """How each settled run stands, counted by arm, phase and status, and how long the runs took that have ended."""

    def __init__(self, plan: Sequence[PlannedRun]) -> None:
        self.settled: dict[PlannedRun, str] = {}  # final status, or "unconfirmable"
        self.values: dict[PlannedRun, float] = {}  # metric at the end, of the runs that have one
        self.statuses: Counter[tuple[str, str]] = Counter()  # (arm, status)
        self.spared: set[PlannedRun] = set()  # planned, and nobody asks for them any more
        self.durations_s: list[float] = []  # of the runs that have ended here, over all their attempts
        self._cells: dict[tuple[str, str], Cell] = {}  # (arm, phase)
        self._n_runs = len(plan)
        for run in plan:
            self._cells.setdefault((run.arm, run.phase), Cell()).planned += 1

    def cell(self, arm: str, phase: str) -> Cell:
        """Return the counts of an arm's runs in a phase; an empty cell where none is planned."""
        return self._cells.get((arm, phase), Cell())

    @property
    def n_planned(self) -> int:
        """Runs that are planned, without those that are spared."""
        return self._n_runs - len(self.spared)

    def spare(self, run: PlannedRun) -> None:
        """Take a run that is not settled out of the plan."""
        if run not in self.spared and run not in self.settled:
            self.spared.add(run)
            self._cells[run.arm, run.phase].planned -= 1

    def settle(self, run: PlannedRun, status: str, value: float | None) -> None:
        """Count a run of which nothing more will come, with the metric at its end where it has one."""
        self.settled[run] = status
        self.statuses[run.arm, status] += 1
        self._cells[run.arm, run.phase].add(run, value)
        if value is not None:
            self.values[run] = value
