"""An estimate from short trainings on an engine: named by their machines, and nothing left behind whatever happens."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.record import RunState
from cvae.record.run_folder import RunFolder
from sweeps.estimate import engine_probe, short_training
from sweeps.estimate.costs import find_costs, print_estimate
from sweeps.estimate.placement import Placement
from sweeps.estimate.short_training import NotMeasured
from sweeps.estimate.trim import cut_to_budget
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.launchers import EngineChoice, Job, Launcher, Phase, Refused, Seen, Share
from sweeps.workers.slots import Slots
from tests.sweeps.fake_engine import FencedWorker, ScriptedEngine
from tests.sweeps.stepping_sweep import TOY

FIVE = range(1, 6)


class ShortWorker(FencedWorker):
    """Trains at 1 TFLOP a second."""

    def _train(self, folder: RunFolder, state: RunState) -> Iterator[None]:
        folder.write_state(state)
        for i in FIVE:
            if self._fault:
                self._fault(state.attempt, 4 * i)
            rates = {"train/clips_per_second": 64.0, "train/flops_per_second": 1e12}
            folder.append_epoch({"step": 4 * i, "seconds": 2.0 * i} | rates)
            yield
        folder.write_state(replace(state, status="finished"))


class Engine(ScriptedEngine):
    """Notes what it was asked to end."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []
        self.signal: signal.Signals | None = None  # that comes while a worker is at work

    def step(self) -> None:
        super().step()
        if self.signal is not None and any(entry.workers for entry in self.entries.values()):
            number, self.signal = self.signal, None
            os.kill(os.getpid(), number)

    def _worker(self, job: Job) -> FencedWorker:
        return ShortWorker(job.folder, job.token, self._fault_of(job), shares_locks=False)

    def end(self, job: Job, *, now: bool) -> None:
        self.ended.append(job.token)
        super().end(job, now=now)


@dataclass(frozen=True)
class Choice(EngineChoice):
    """The engine of a test."""

    opened: Engine | None = None

    def launcher(self) -> Launcher:
        assert self.opened is not None
        return self.opened


class Plan:
    """A plan whose runs would go to an engine."""

    def __init__(self, place: Path) -> None:
        self.engine, self.place = Engine(), place
        self.experiment = build_experiment(TOY, "toy")
        self.root = ExperimentFolder(place / "runs" / "toy")
        choice = Choice("scripted", None, Share(2), self.engine)
        self.placement = Placement(Slots({"scripted": 4}), 2, choice)
        self.said: list[str] = []

    def find(self) -> str:
        return find_costs(self.experiment, self.root, self.placement, self.said.append).source

    def estimate(self) -> str:
        print_estimate(self.experiment, self.root, self.placement, self.said.append)
        return self.said[-1]

    def folders(self) -> list[Path]:
        return [path for path in (self.root.path.parent / ".probe").glob("*") if path.is_dir()]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    monkeypatch.setattr(short_training, "SETTLE_S", 0.0)
    plan = Plan(tmp_path)
    yield plan
    assert not plan.engine.open()  # whatever happened
    assert not plan.folders()
    assert not plan.root.path.exists()


def test_an_estimate_is_from_short_trainings_on_the_engine_and_names_their_machine(plan: Plan) -> None:
    assert plan.estimate().startswith("estimate for 6 runs: ")
    assert "1 TFLOP a second, from short trainings on scripted's n1, kept in " in plan.said[-1]
    assert "measuring scripted's machines: short trainings as jobs 1" in plan.said[0]
    n = len(plan.engine.entries)
    assert n >= 1
    assert {entry.job.larger for entry in plan.engine.entries.values()} == {Share(2)}  # what a run asks for
    plan.estimate()  # once more: what was measured is kept, with the machine's name
    assert len(plan.engine.entries) == n
    assert "scripted's n1" in plan.said[-1]


def test_other_options_of_an_engine_are_measured_anew(plan: Plan) -> None:
    plan.find()
    n = len(plan.engine.entries)
    plan.placement = replace(plan.placement, engine=replace(plan.placement.engine, name="other"))
    plan.find()
    assert len(plan.engine.entries) == 2 * n


def test_a_training_that_is_not_started_in_time_gives_no_estimate_and_is_taken_back(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_probe, "START_S", 0.05)
    plan.engine.slow = 10**9
    said = plan.estimate()
    assert said.startswith("no estimate: scripted did not start a short training in 0 s (Resources). Once 2 runs")
    assert "waiting for scripted: Resources" in plan.said
    assert len(plan.engine.ended) == len(plan.engine.entries) >= 1


def test_one_that_can_never_start_is_not_waited_for(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    plan.engine.slow = 10**9
    stuck = Seen(Phase.QUEUED, cause="never_started", said="PartitionTimeLimit")
    monkeypatch.setattr(plan.engine, "look", lambda jobs: dict.fromkeys([job.token for job in jobs], stuck))
    with pytest.raises(NotMeasured, match=r"did not start .*PartitionTimeLimit"):
        plan.find()


@pytest.mark.parametrize("trouble", ["refused", "silent", "lost reply", "no folder"])
def test_what_cannot_be_submitted_is_said(plan: Plan, trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if trouble == "refused":
        plan.engine.refusal = Refused("invalid partition specified: gpuu")
    elif trouble == "silent":
        plan.engine.silent = 1
    elif trouble == "lost reply":
        plan.engine.lost_replies = 1
        monkeypatch.setattr(plan.engine, "end", lambda job, now: plan.engine.entries.clear())  # by its token
    else:
        plan.root.path.parent.parent.joinpath("runs").write_text("a file")
    words = {
        "refused": "scripted does not take a short training: invalid partition specified: gpuu",
        "silent": "scripted does not answer (connection refused)",
        "lost reply": "scripted does not answer (connection reset)",
        "no folder": "a short training has no folder on the shared disk: ",
    }
    assert plan.estimate().startswith(f"no estimate: {words[trouble]}")


def test_an_engine_that_falls_silent_for_a_while_is_asked_again(plan: Plan) -> None:
    def fall_silent(folder: RunFolder, attempt: int, step: int) -> None:
        plan.engine.silent = 3

    plan.engine.fault = fall_silent
    assert "scripted's n1" in plan.find()
    assert plan.engine.calls["look"] > 3 * len(FIVE)


def test_a_training_that_fails_is_told_by_its_last_words(plan: Plan) -> None:
    def fail(folder: RunFolder, attempt: int, step: int) -> None:
        folder.log.write_text("Traceback\nModuleNotFoundError: no module named torch\n")
        raise KeyboardInterrupt

    plan.engine.fault = fail
    with pytest.raises(NotMeasured, match=r"on scripted's n1 came to no result .*no module named torch"):
        plan.find()
    with pytest.raises(InputError, match="--budget: nothing is known of what a run costs: a short training"):
        cut_to_budget(plan.experiment, plan.root, plan.placement, 60.0, plan.said.append)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_it_leaves_no_job_and_no_folder(plan: Plan, number: signal.Signals) -> None:
    heard = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, heard)  # a shell's background jobs are born deaf to Ctrl-C
    try:
        plan.engine.signal = number
        with pytest.raises(KeyboardInterrupt if number == signal.SIGINT else SystemExit):
            plan.find()
        assert plan.engine.ended
        assert signal.getsignal(number) == heard
    finally:
        signal.signal(number, before)
