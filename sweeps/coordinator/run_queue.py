"""Which run is next: in the order of the plan, a confirm run once its arm is tuned, a retry once it has waited."""

import heapq
from collections import Counter
from collections.abc import Sequence

from sweeps.experiment import PlannedRun


class RunQueue:
    """The runs that wait for their turn.

    To add a run or to take one costs the logarithm of their number; that an arm is tuned, once, so much for each of its
    confirm runs.
    """

    def __init__(self, plan: Sequence[PlannedRun]) -> None:
        self._plan = plan
        self._index = {run: i for i, run in enumerate(plan)}
        self._untuned = Counter(run.arm for run in plan if run.phase == "tune")
        self._ready: list[int] = []
        self._later: list[tuple[float, int]] = []  # (when, index)
        self._blocked: dict[str, list[int]] = {}  # arm -> confirm runs

    def add(self, run: PlannedRun, due: float | None = None) -> None:
        """Let a run wait for its turn; `due`, on the monotonic clock, lets it wait at least until then."""
        i = self._index[run]
        if due is not None:
            heapq.heappush(self._later, (due, i))
        elif run.phase == "confirm" and self._untuned[run.arm]:
            self._blocked.setdefault(run.arm, []).append(i)
        else:
            heapq.heappush(self._ready, i)

    def tuned(self, run: PlannedRun) -> None:
        """Take note that a tune run is settled: the last one of its arm lets the arm's confirm runs go."""
        self._untuned[run.arm] -= 1
        if not self._untuned[run.arm]:
            for i in self._blocked.pop(run.arm, []):
                heapq.heappush(self._ready, i)

    def next(self, now: float) -> PlannedRun | None:
        """Take the next run; None where none may start now."""
        while self._later and self._later[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1])
        return self._plan[heapq.heappop(self._ready)] if self._ready else None
