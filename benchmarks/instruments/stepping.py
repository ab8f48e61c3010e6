"""A worker without a process: it keeps the true protocol of a run folder, one evaluation for each look at it.

The coordinator takes it for a process, so sweeps of thousands of runs take seconds and go the same way every time.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from cvae.errors import InputError, Misplaced
from cvae.files import held
from cvae.record import PREFIXES, RunError, RunFolder, RunState
from cvae.run import FINAL_KINDS
from sweeps.coordinator import Coordinator
from sweeps.experiment import Experiment, build_experiment
from sweeps.experiment_folder import ExperimentFolder, lay_out
from sweeps.launchers import LocalLauncher
from sweeps.workers import Slots

#: (parameters, seed, step) -> metric
Score = Callable[[Mapping[str, Any], int, int], float]


class SteppingWorker:
    """Stands for the process of one worker.

    Args:
        folder: the run's.
        score: the metric after a step.
        steps: updates of the whole training.
        every: updates between evaluations.
        fault: called before each evaluation with the attempt's number and the step; what it raises ends the attempt as
            it would end a worker's.
    """

    #: Processor seconds that all workers spent in place of their processes, and evaluations that they made.
    spent_s = 0.0
    evaluations = 0

    def __init__(
        self,
        folder: RunFolder,
        score: Score,
        steps: int = 4,
        every: int = 1,
        fault: Callable[[int, int], None] | None = None,
    ) -> None:
        self.folder = folder
        self.returncode: int | None = None
        self.pid = 0
        self._score = score
        self._steps, self._every = steps, every
        self._fault = fault
        self._held = ExitStack()
        self._work = self._attempt()

    def poll(self) -> int | None:
        """Make one evaluation; return the exit status once the work is over."""
        if self.returncode is None:
            started = time.process_time()
            try:
                next(self._work)
            except StopIteration:
                self.returncode = 0
                self._held.close()
            SteppingWorker.spent_s += time.process_time() - started
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Work to the end."""
        while self.poll() is None:
            pass
        return 0

    def _attempt(self) -> Iterator[None]:
        folder = self.folder
        if not folder.config.exists():  # as a worker, it reads what to train before it touches anything
            return
        assert self._held.enter_context(held(folder.lock))
        before = folder.read_state()
        if before.is_final:
            return
        state = RunState("running", attempt=before.attempt + 1, total_steps=self._steps)
        try:
            yield from self._train(folder, state)
        except (OSError, InputError, MemoryError, ValueError, ArithmeticError) as error:
            self._leave(folder, replace(state, step=len(folder.read_epochs()) * self._every), error)

    def _train(self, folder: RunFolder, state: RunState) -> Iterator[None]:
        done = len(folder.read_epochs()) * self._every
        if folder.keep_epochs(done):
            state = replace(state, mended=(f"attempt {state.attempt} cut off a torn line of {folder.epochs.name}",))
        folder.write_state(replace(state, step=done))
        identity = folder.read_identity()
        assert identity is not None
        params, seed = identity.params, identity.seed
        for step in range(done + self._every, self._steps + 1, self._every):
            if self._fault:
                self._fault(state.attempt, step)
            folder.append_epoch({"step": step, "val/psnr": self._score(params, seed, step), "train/kl": 1.0})
            SteppingWorker.evaluations += 1
            if step < self._steps and (asked := folder.asked_status()):
                folder.write_state(replace(state, status=asked, step=step))
                return
            folder.write_state(replace(state, step=step))
            yield
        # the configuration's own parser would cost more than all else
        lines = [line.split(":") for line in folder.config.read_text().splitlines()]
        prefix = next(PREFIXES[words[1].strip()] for words in lines if words[0].strip() == "final_split")
        final = {f"{prefix}/psnr": self._score(params, seed, self._steps)}
        folder.checkpoint.write_bytes(b"weights")
        folder.write_state(replace(state, status="finished", step=self._steps, final=final))

    @staticmethod
    def _leave(folder: RunFolder, state: RunState, error: Exception) -> None:
        """Record an error as `cvae.run.train_run` does."""
        kinds: dict[type[Exception], str] = {Misplaced: "place", MemoryError: "memory"}
        kinds |= {ArithmeticError: "diverged", ValueError: "error"}
        kind = next((k for type_, k in kinds.items() if isinstance(error, type_)), "io")
        status = FINAL_KINDS.get(kind, "interrupted")
        facts = RunError(kind, type(error).__name__, str(error))
        try:
            folder.write_state(replace(state, status=status, error=facts))
        except InputError:
            return  # a full disk takes no state either


def stepping_coordinator(
    values: Mapping[str, Any], place: Path, score: Score, steps_of: Callable[[int], int], slots: int
) -> Coordinator:
    """Return a coordinator over workers that compute nothing but a score, for as many steps as their number says."""
    experiment: Experiment = build_experiment(dict(values), "benchmark")
    root = ExperimentFolder(place / experiment.name)
    lay_out(experiment, root)

    def start(folder: RunFolder, token: str, environment: dict[str, str]) -> Any:
        return SteppingWorker(folder, score, steps_of(int(folder.path.name.split("-")[1])))

    return Coordinator(experiment, root, Slots({"cpu": slots}), 1, launcher=LocalLauncher(start, poll_s=0.0))
