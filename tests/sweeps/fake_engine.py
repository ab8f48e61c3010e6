"""An engine whose every fault is scripted, over workers without processes: sweeps through it take no time.

Its workers keep the true protocol with claim and fence and, as on a disk that several machines share, without a lock.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.instruments.stepping import SteppingWorker
from cvae.errors import AlreadyTraining
from cvae.files import held
from cvae.record import RunState
from cvae.record.run_folder import RunFolder
from cvae.run.fence import Fence
from sweeps.coordinator.coordinator import Coordinator
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.consistency.hashes import declared_hash
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.launchers.job_record import Job, Share
from sweeps.launchers.launcher import NOT_OURS, Phase, Refused, Seen, Unreachable
from sweeps.workers.slots import Slots
from tests.sweeps.stepping_sweep import TOY, Sweep, score


class FencedWorker(SteppingWorker):
    """A worker on another machine: it knows its token, and takes the lock where the machines share them."""

    def __init__(
        self, folder: RunFolder, token: str, fault: Callable[[int, int], None] | None = None, *, shares_locks: bool
    ) -> None:
        super().__init__(folder, score, fault=fault)
        self._fence, self._status, self._shares_locks = Fence(folder, token), 0, shares_locks

    def poll(self) -> int | None:
        return None if super().poll() is None else self._status

    def _attempt(self) -> Iterator[None]:
        folder = self.folder
        try:
            if self._shares_locks and not self._held.enter_context(held(folder.lock)):
                raise AlreadyTraining
            self._fence.check()
            before = folder.read_state()
            if before.is_final:
                return
            self._fence.claim()
            state = RunState("running", before.attempt + 1, host="n1", token=self._fence.token, total_steps=4)
            try:
                for _ in self._train(folder, state):
                    folder.heartbeat.write_text(str(len(folder.read_epochs())))
                    yield
                    self._fence.check()
            except MemoryError as error:
                self._leave(folder, replace(state, step=len(folder.read_epochs())), error)
        except AlreadyTraining:
            self._status = NOT_OURS
        except KeyboardInterrupt:  # a test's word for kill -9: nothing is recorded
            self._status = -9


@dataclass
class Entry:
    """A job as the engine knows it."""

    job: Job
    starts_at: int  # look
    seen: Seen = field(default_factory=lambda: Seen(Phase.QUEUED, said="Resources"))
    workers: tuple[FencedWorker, ...] = ()  # several where the engine started it twice
    asleep: int = 0  # looks until they come back from the dead


class ScriptedEngine:
    """An engine that does what a test wants, at the moment that it wants it."""

    name, poll_s, lost_s, is_local = "scripted", 0.0, 0.0, False

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.calls: Counter[str] = Counter()
        self.silent = 0  # calls that are not answered
        self.lost_replies = 0  # submissions that are taken, and not answered
        self.refusal: Refused | None = None
        self.slow = 0  # looks until a job starts
        self.starts_twice = False
        self.shares_locks = False
        self.most_gb: float | None = None
        self.fault: Callable[[RunFolder, int, int], None] | None = None
        self._n_looks = 0

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        self._answer("submit")
        if self.refusal is not None:
            raise self.refusal
        assert "CUDA_VISIBLE_DEVICES" not in environment
        assert Fence(job.folder, job.token).is_ours  # the token is on the disk before
        known = str(len(self.entries) + 1)
        self.entries[known] = Entry(replace(job, id=known, larger=share), self._n_looks + self.slow)
        if self.lost_replies:
            self.lost_replies -= 1
            raise Unreachable("connection reset")
        return known

    def find(self, jobs: Collection[Job]) -> dict[str, str]:
        self._answer("find")
        tokens = {job.token for job in jobs}
        return {e.job.token: known for known, e in self.entries.items() if e.job.token in tokens}

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        self._answer("look")
        self.step()
        return {job.token: self._seen(job) for job in jobs}

    def _seen(self, job: Job) -> Seen:
        entry = self.entries.get(str(job.id))
        return entry.seen if entry is not None and entry.job.token == job.token else Seen(Phase.GONE)

    def end(self, job: Job, *, now: bool) -> None:
        self._answer("end")
        entry = self.entries.get(str(job.id))
        if entry is not None and entry.seen.phase in (Phase.QUEUED, Phase.RUNNING):
            entry.workers, entry.seen = (), Seen(Phase.ENDED, "n1", "cancelled", 143)

    def forget(self, job: Job) -> None:
        self._answer("forget")

    def enlarge(self, share: Share) -> Share | None:
        larger = 2 * (share.memory_gb or 1.0)
        return None if self.most_gb is None or larger > self.most_gb else replace(share, memory_gb=larger)

    def close(self) -> None:
        pass

    def _answer(self, call: str) -> None:
        self.calls[call] += 1
        if self.silent:
            self.silent -= 1
            raise Unreachable("connection refused")

    def step(self) -> None:
        """Let every worker make an evaluation, those that the engine takes for dead too."""
        self._n_looks += 1
        for entry in self.entries.values():
            if entry.seen.phase is Phase.QUEUED and not entry.seen.cause and entry.starts_at < self._n_looks:
                n = 2 if self.starts_twice else 1
                entry.workers = tuple(self._worker(entry.job) for _ in range(n))
                entry.seen = Seen(Phase.RUNNING, "n1")
            if entry.asleep:
                entry.asleep -= 1
                continue
            ends = [worker.poll() for worker in entry.workers]
            if entry.seen.phase is Phase.RUNNING and ends and None not in ends:
                entry.seen = Seen(Phase.ENDED, "n1", "exit", ends[-1])
            entry.workers = tuple(w for w, end in zip(entry.workers, ends, strict=True) if end is None)

    def _worker(self, job: Job) -> FencedWorker:
        return FencedWorker(job.folder, job.token, self._fault_of(job), shares_locks=self.shares_locks)

    def _fault_of(self, job: Job) -> Callable[[int, int], None] | None:
        fault = self.fault
        return None if fault is None else lambda attempt, step: fault(job.folder, attempt, step)

    def open(self) -> list[Entry]:
        """The jobs that are queued or run, as the engine believes."""
        return [e for e in self.entries.values() if e.seen.phase in (Phase.QUEUED, Phase.RUNNING)]

    def say(self, entry: Entry, seen: Seen, *, worker_lives: bool, asleep: int = 2) -> None:
        """Let the engine say something of a job, whose worker may come back when the next one is at work."""
        entry.seen, entry.asleep = seen, asleep
        if not worker_lives:
            entry.workers = ()


class EngineSweep(Sweep):
    """A sweep whose runs are trained through a scripted engine."""

    def __init__(self, path: Path, engine: ScriptedEngine, slots: int = 2, **options: Any) -> None:
        self.experiment = build_experiment(TOY | options.pop("change", {}), "toy")
        self.root = ExperimentFolder(path / "toy")
        lay_out(self.experiment, self.root)
        provenance = {"declared": declared_hash(self.experiment)}
        self.coordinator = Coordinator(
            self.experiment,
            self.root,
            Slots({engine.name: slots}),
            1,
            launcher=engine,
            backoff_first_s=0.001,
            provenance=provenance,
            **options,
        )
