"""When a sweep that stops once it is sure may look, what it sees, and which runs it lets go.

A block is looked at once every run of it is settled, block after block. What a look sees follows from the runs' records
alone, so a coordinator that was killed at a look takes it again and decides the same.
"""

import math
from collections.abc import Iterator
from statistics import fmean

from cvae.record import LOST, finite
from sweeps.coordinator.event_log import EventLog
from sweeps.coordinator.run_queue import RunQueue
from sweeps.decision import LEAST_PAIRS, Pairs, Plan
from sweeps.experiment import Experiment, PlannedRun, all_runs, block_of
from sweeps.experiment_folder import (
    LOOK,
    ExperimentFolder,
    LookRecord,
    RunCounts,
    describe_look,
    final_value,
    read_looks,
)


class StoppingRule:
    """Opens a block of runs after another, for the arms that some pair asks for; without `stop: sure`, all at once.

    Args:
        experiment: what is run.
        root: its folder.
        counts: of the runs that are settled.
        queue: where the runs wait.
        log: keeps the looks.
        slots: runs at a time. Where a block has fewer, so many more are let go ahead of the look as fill the slots.
    """

    def __init__(
        self,
        experiment: Experiment,
        root: ExperimentFolder,
        counts: RunCounts,
        queue: RunQueue,
        log: EventLog,
        slots: int,
    ) -> None:
        self._experiment, self._root = experiment, root
        self._counts, self._queue, self._log = counts, queue, log
        self._blocks: list[list[PlannedRun]] = [[] for _ in range(experiment.n_blocks)]
        for run in all_runs(experiment):
            self._blocks[block_of(experiment, run)].append(run)
        looks = list(read_looks(log.past()))
        self._recorded = {look.blocks: look for look in looks if look.planned == experiment.n_blocks}
        # the last look under another plan: what was open then asks again, and what holds at any time decides from then
        self._before = next((look for look in reversed(looks) if look.planned != experiment.n_blocks), None)
        words = [pair for pair in self._before.pairs if pair.word != "undecided"] if self._before else []
        self._pairs = Pairs(list(experiment.arms), words)
        self._n_looked = self._n_open = 0
        self._ahead = max(0, math.ceil(slots / len(self._blocks[-1])) - 1)
        self.last: LookRecord | None = None
        if experiment.confirm.stop == "sure":
            queue.close_from(0)

    def look(self) -> Iterator[str]:
        """Look at every block that has become complete, let runs go or spare them, and yield a line for each look."""
        if self._experiment.confirm.stop != "sure":
            return
        from_block = LEAST_PAIRS if self._before is None else max(LEAST_PAIRS, self._before.blocks + 1)
        self._open_until(from_block + self._ahead)
        while not self._is_done() and all(map(self._is_settled, self._blocks[self._n_looked])):
            self._n_looked += 1
            if self._n_looked >= from_block:
                yield from self._take_look()

    def _is_done(self) -> bool:
        return self._n_looked == len(self._blocks) or not self._pairs.asking

    def _is_settled(self, run: PlannedRun) -> bool:
        return run in self._counts.settled or run in self._counts.spared

    def _take_look(self) -> Iterator[str]:
        experiment, metric = self._experiment, self._experiment.metric
        plan = Plan(
            len(self._blocks), len(self._pairs.states), metric.margin, metric.sign, is_as_planned=self._before is None
        )
        ends = {arm: [self._ends(arm, block) for block in self._blocks[: self._n_looked]] for arm in self._pairs.asking}
        self.last = look = LookRecord(self._n_looked, len(self._blocks), tuple(self._pairs.look(ends, plan)))
        if self._recorded.get(look.blocks) != look:  # else it was taken by a coordinator before this one
            self._recorded[look.blocks] = look
            self._log.note(LOOK, **look.facts)
            unit = "tunings" if experiment.n_tunings > 1 else "seeds"
            yield f"looked after {look.blocks} {unit}: {describe_look(look, experiment)}"
        self._open_until(look.blocks + self._ahead + 1)

    def _ends(self, arm: str, block: list[PlannedRun]) -> list[float | None]:
        """Return what an arm's confirm runs of a block ended with, by seed: the mean over configurations, or None."""
        by_seed: dict[int, list[float | None]] = {}
        for run in block:
            if run.arm == arm and run.phase == "confirm":
                by_seed.setdefault(run.seed, []).append(self._score(run))
        trained = [[score for score in each if score is not None] for each in by_seed.values()]
        return [
            fmean(scores) if len(scores) == len(each) else None
            for scores, each in zip(trained, by_seed.values(), strict=True)
        ]

    def _score(self, run: PlannedRun) -> float | None:
        """Return a run's score; None for one that broke down, or was never trained because nothing was chosen."""
        state = self._root.run(run).read_state()
        if state.status in LOST or (state.flags or {}).get("diverged"):
            return None
        return finite(final_value(self._experiment, run, state))

    def _open_until(self, n_open: int) -> None:
        """Open blocks for the arms that some pair asks for; once none asks, spare everything that has not begun."""
        asking = self._pairs.asking
        while self._n_open < (min(n_open, len(self._blocks)) if asking else len(self._blocks)):
            for run in self._queue.open(self._n_open):
                if run.arm in asking:
                    self._queue.add(run)
                else:
                    self._counts.spare(run)
            self._n_open += 1
