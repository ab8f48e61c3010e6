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

    @property
    def mean(self) -> float:
        """Mean of the values."""
        return self.total / self.valued


class RunCounts:
    """Outcomes by run, and their counts."""

    def __init__(self, plan: Sequence[PlannedRun]) -> None:
        self.settled: dict[PlannedRun, str] = {}  # final status, or "unconfirmable"
        self.values: dict[PlannedRun, float] = {}  # metric at the end, of the runs that have one
        self.cells: dict[tuple[str, str], Cell] = {}
        self.statuses: Counter[tuple[str, str]] = Counter()  # (arm, status)
        for run in plan:
            self.cells.setdefault((run.arm, run.phase), Cell()).planned += 1

    def settle(self, run: PlannedRun, status: str, value: float | None) -> None:
        """Count a run that is final."""
        cell = self.cells[run.arm, run.phase]
        self.settled[run] = status
        self.statuses[run.arm, status] += 1
        cell.settled += 1
        if value is not None:
            self.values[run] = value
            cell.valued += 1
            cell.total += value
            cell.best = max(cell.best, value)
