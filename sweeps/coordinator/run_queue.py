"""Which run is next: in the order of the plan, a confirm run once its arm is tuned, a retry once it has waited."""

import heapq
from collections import Counter

from sweeps.experiment import Experiment, PlannedRun, all_runs, block_of, tuning_of


class RunQueue:
    """The runs that wait for their turn.

    To add a run or to take one costs the logarithm of their number; that an arm is tuned, once, so much for each of its
    confirm runs. Runs of a block that is not open yet wait until it is.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._plan = all_runs(experiment)
        self._index = {run: i for i, run in enumerate(self._plan)}
        self._untuned = Counter(self._tuning(run) for run in self._plan if run.phase == "tune")
        self._ready: list[int] = []
        self._later: list[tuple[float, int]] = []  # (when, index)
        self._blocked: dict[tuple[str, int], list[int]] = {}  # arm, tuning -> confirm runs
        self._n_open = experiment.n_blocks
        self._held: dict[int, list[PlannedRun]] = {}  # block that is not open -> runs

    def _tuning(self, run: PlannedRun) -> tuple[str, int]:
        return run.arm, tuning_of(self._experiment, run)

    def close_from(self, block: int) -> None:
        """Hold back the runs of a block and of those after it that are added from now on, until it is opened."""
        self._n_open = block

    def open(self, block: int) -> list[PlannedRun]:
        """Open the next block; return the runs of it that were held back, for the caller to add or to spare."""
        assert block == self._n_open, (block, self._n_open)
        self._n_open += 1
        return self._held.pop(block, [])

    def add(self, run: PlannedRun, due: float | None = None) -> None:
        """Let a run wait for its turn; `due`, on the monotonic clock, lets it wait at least until then."""
        i = self._index[run]
        if (block := block_of(self._experiment, run)) >= self._n_open:
            self._held.setdefault(block, []).append(run)
        elif due is not None:
            heapq.heappush(self._later, (due, i))
        elif run.phase == "confirm" and self._untuned[self._tuning(run)]:
            self._blocked.setdefault(self._tuning(run), []).append(i)
        else:
            heapq.heappush(self._ready, i)

    def tuned(self, run: PlannedRun) -> None:
        """Take note that a tune run is settled: the last one of its arm's tuning lets the confirm runs go."""
        self._untuned[self._tuning(run)] -= 1
        if not self._untuned[self._tuning(run)]:
            for i in self._blocked.pop(self._tuning(run), []):
                heapq.heappush(self._ready, i)

    def is_due(self, now: float) -> bool:
        """Return whether a run may start now."""
        return bool(self._ready) or bool(self._later and self._later[0][0] <= now)

    def next(self, now: float) -> PlannedRun | None:
        """Take the next run; None where none may start now."""
        while self._later and self._later[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1])
        return self._plan[heapq.heappop(self._ready)] if self._ready else None
