"""A sweep through an engine that loses, forgets, doubles, kills: every run once, to an undisturbed sweep's numbers."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from sweeps.commands.control import reopen
from sweeps.launchers.launcher import NOT_OURS, Phase, Refused, Seen
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.fake_engine import EngineSweep, Entry, ScriptedEngine
from tests.sweeps.stepping_sweep import Sweep


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> "Calm":
    return Calm(tmp_path_factory.mktemp("calm"))


class Calm:
    """What an undisturbed sweep on this machine comes to."""

    def __init__(self, path: Path) -> None:
        sweep = Sweep(path)
        sweep.run()
        self.results, self.told = results_of(path), sweep.told()


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.workers.submissions.SUBMIT_AGAIN_S", 0.0)
    monkeypatch.setattr("sweeps.coordinator.standing.TRY_AGAIN_S", (0.0, 0.0))


def check(calm: Calm, sweep: EngineSweep) -> None:
    """Nothing lost, nothing twice, every number the same."""
    assert results_of(sweep.root.path.parent) == calm.results
    assert sweep.told() == calm.told
    ended = [event["run"] for event in sweep.events("ended")]
    assert sorted(ended) == sorted(set(ended))


def run_with(sweep: EngineSweep, engine: ScriptedEngine, fault: Callable[[Entry], None], at: int = 3) -> list[str]:
    """Run a sweep to its end; once, as soon as a worker has made some evaluations, do something to its job."""
    lines, is_done = [], False
    for line in sweep.coordinator.run():
        lines.append(line)
        begun = [e for e in engine.open() if e.workers and len(e.job.folder.read_epochs()) >= min(at, 2)]
        if begun and not is_done:
            is_done = True
            fault(begun[0])
    assert is_done
    return [line for line in lines if line]


#: What an engine says -> whether the worker lives on, how many attempts the run then needs, event in the ledger.
SAID = {
    "gone, and it lives": (Seen(Phase.GONE), True, "died"),
    "gone": (Seen(Phase.GONE), False, "died"),
    "its node failed, and it lives": (Seen(Phase.ENDED, "n1", "node_lost", said="NODE_FAIL"), True, "died"),
    "its node failed": (Seen(Phase.ENDED, "n1", "node_lost", said="NODE_FAIL"), False, "died"),
    "killed": (Seen(Phase.ENDED, "n1", "exit", -9), False, "died"),
    "time limit": (Seen(Phase.ENDED, "n1", "time_limit", 143), False, "died"),
    "preempted": (Seen(Phase.ENDED, "n1", "preempted", 143), False, "preempted"),
    "never started": (Seen(Phase.ENDED, "", "never_started", said="failed to start within"), False, "resubmitted"),
}


@pytest.mark.parametrize("how", SAID)
def test_whatever_an_engine_says_the_run_goes_on_to_the_same_end(how: str, calm: Calm, tmp_path: Path) -> None:
    seen, lives, event = SAID[how]
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine)
    run_with(sweep, engine, lambda entry: engine.say(entry, seen, worker_lives=lives))
    check(calm, sweep)
    assert len(sweep.events(event)) == 1
    if lives:
        for _ in range(4):
            engine.step()  # what came back from the dead has found that the run is another's
        assert not any(entry.workers for entry in engine.entries.values())


class Clock:
    """Time that passes by sleeping alone: minutes of waiting take no time, and nothing depends on this machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)
        monkeypatch.setattr("sweeps.coordinator.coordinator.POLL_S", 10.0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_run_whose_cut_off_worker_keeps_its_lock_is_submitted_ever_more_rarely(
    calm: Calm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # its node failed, as the engine says; for 45 minutes it is neither heard of nor gone, then it is back
    clock, engine = Clock(monkeypatch), ScriptedEngine()
    engine.poll_s, engine.lost_s, engine.shares_locks = 10.0, 120.0, True
    sweep = EngineSweep(tmp_path, engine)
    lost: list[Entry] = []
    for _ in sweep.coordinator.run():
        begun = [entry for entry in engine.open() if len(entry.job.folder.read_epochs()) == 2]
        if begun and not lost:
            lost = begun[:1]
            failed = Seen(Phase.ENDED, "n1", "node_lost", said="NODE_FAIL")
            engine.say(lost[0], failed, worker_lives=True, asleep=10**9)
        if lost and clock.now > 2700:
            lost[0].asleep = 0
    check(calm, sweep)
    assert clock.now > 2700
    assert len(sweep.events("died")) == 1  # the lost one: none burns an attempt by finding it alive
    assert 3 <= len(sweep.events("resubmitted")) <= 8
    assert not lost[0].workers  # it has found that the run is another's


def test_a_run_that_is_waited_for_leaves_its_slot_to_another(
    calm: Calm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    engine = ScriptedEngine()
    engine.poll_s, engine.lost_s = 10.0, 120.0
    sweep = EngineSweep(tmp_path, engine, slots=1)
    lost = Seen(Phase.ENDED, "n1", "node_lost", said="NODE_FAIL")
    run_with(sweep, engine, lambda entry: engine.say(entry, lost, worker_lives=False))
    check(calm, sweep)
    (died,) = sweep.events("died")
    launched = [event["run"] for event in sweep.events("launched")]
    assert launched.index(died["run"]) == 0
    assert launched[1] != died["run"]  # another began while it was waited for
    assert sweep.coordinator.slots.used.total() == 0


def test_of_a_job_that_its_engine_started_twice_the_one_at_work_is_left_alone(
    calm: Calm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the engine knows of the one alone that found the other at work, and left
    Clock(monkeypatch)
    engine = ScriptedEngine()
    engine.poll_s, engine.lost_s = 10.0, 120.0
    sweep = EngineSweep(tmp_path, engine)
    run_with(
        sweep, engine, lambda entry: engine.say(entry, Seen(Phase.ENDED, "n1", "exit", NOT_OURS), worker_lives=True)
    )
    check(calm, sweep)
    assert not sweep.events("resubmitted")
    assert engine.calls["submit"] == 6


def test_without_a_fault_an_engine_comes_to_the_same_and_a_look_is_one_call(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine, slots=6)
    turns = sum(line == "" for line in sweep.coordinator.run())
    check(calm, sweep)
    assert engine.calls["submit"] == engine.calls["forget"] == 6
    assert engine.calls["look"] <= turns
    assert engine.calls["find"] == 0


def test_a_job_started_twice_has_one_writer(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    engine.starts_twice = True
    sweep = EngineSweep(tmp_path, engine)
    sweep.run()
    check(calm, sweep)


@pytest.mark.parametrize("n", [1, 2])
def test_a_submission_whose_answer_was_lost_is_found_again(n: int, calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    engine.lost_replies = n
    sweep = EngineSweep(tmp_path, engine)
    sweep.run()
    check(calm, sweep)
    assert engine.calls["submit"] == 6  # found by its token: none is submitted twice


def test_killed_between_a_submission_and_its_answer_the_job_is_adopted(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    engine.lost_replies, engine.slow = 1, 3
    work = EngineSweep(tmp_path, engine).coordinator.run()
    next(line for line in work if "launched" in line)
    work.close()  # kill -9: nothing more is written
    again = EngineSweep(tmp_path, engine)
    again.run()
    check(calm, again)
    assert engine.calls["submit"] == 6
    assert again.events("adopted")


def test_an_engine_that_does_not_answer_is_waited_for_and_no_run_is_touched(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine)

    def falls_silent(entry: Entry) -> None:
        engine.silent = 5

    lines = run_with(sweep, engine, falls_silent)
    check(calm, sweep)
    assert len([line for line in lines if line.startswith("scripted does not answer (connection refused)")]) == 1
    assert not sweep.events("died")


def test_started_while_the_engine_is_silent_it_waits_for_what_is_out_there(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    work = EngineSweep(tmp_path, engine).coordinator.run()
    for _ in range(8):
        next(work)
    work.close()
    engine.silent = 4
    again = EngineSweep(tmp_path, engine)
    again.run()
    check(calm, again)
    assert len(engine.entries) == 6


def test_an_engine_that_forgets_everything_counts_no_attempt_in_vain(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine, slots=4)

    def forgets(entry: Entry) -> None:
        for each in engine.open():
            engine.say(each, Seen(Phase.GONE), worker_lives=True)

    run_with(sweep, engine, forgets)
    check(calm, sweep)
    assert not sweep.events("died")
    assert len(sweep.events("resubmitted")) >= 3


def test_an_id_that_was_given_to_another_job_is_not_believed(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine)

    def gives_away(entry: Entry) -> None:
        stranger = Entry(entry.job.__class__(RunFolder(tmp_path / "stranger"), "another"), 10**9)
        stranger.seen = Seen(Phase.RUNNING, "n2")
        engine.entries[str(entry.job.id)] = stranger  # its controller was killed, and the job with it

    run_with(sweep, engine, gives_away)
    check(calm, sweep)
    assert len(sweep.events("died")) == 1


def test_what_a_person_cancels_is_not_started_again_without_a_persons_word(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine)
    cancelled = Seen(Phase.ENDED, "n1", "cancelled", 143, "CANCELLED by 1000")
    run_with(sweep, engine, lambda entry: engine.say(entry, cancelled, worker_lives=False))
    (event,) = sweep.events("cancelled")
    assert sweep.state(event["run"].split("/")[1]).status == "stopped"
    assert "was cancelled in scripted (CANCELLED by 1000), not by the sweep" in sweep.seen()
    assert reopen(sweep.experiment, sweep.root, "stopped") == 1
    again = EngineSweep(tmp_path, engine)
    again.run()
    assert results_of(tmp_path)[event["run"]] == calm.results[event["run"]]


def test_a_run_whose_worker_is_killed_five_times_in_vain_has_failed(tmp_path: Path) -> None:
    def dies(folder: RunFolder, attempt: int, step: int) -> None:
        if folder.path.name == "tune-002" and step == 2:
            raise KeyboardInterrupt

    engine = ScriptedEngine()
    engine.fault = dies
    sweep = EngineSweep(tmp_path, engine)
    sweep.run()
    state = sweep.state("tune-002")
    assert state.status == "failed"
    assert "perhaps it ran out of memory" in state.error.message


def out_of_memory(folder: RunFolder, attempt: int, step: int) -> None:
    if folder.path.name == "tune-001" and attempt <= 2 and step == 2:
        raise MemoryError("out of memory")


@pytest.mark.parametrize(("most_gb", "status"), [(4.0, "finished"), (2.0, "infeasible"), (None, "infeasible")])
def test_out_of_memory_more_is_asked_for_as_far_as_it_may(
    most_gb: float | None, status: str, calm: Calm, tmp_path: Path
) -> None:
    engine = ScriptedEngine()
    engine.fault, engine.most_gb = out_of_memory, most_gb
    sweep = EngineSweep(tmp_path, engine)
    sweep.run()
    assert sweep.state("tune-001").status == status
    asked = [e.job.larger.memory_gb for e in engine.entries.values() if e.job.folder.path.name == "tune-001"]
    assert asked == [None, 2.0, 4.0][: 3 if most_gb == 4.0 else 2 if most_gb else 1]
    if status == "finished":
        check(calm, sweep)


def test_what_the_engine_will_never_take_is_said_at_the_first_submission(tmp_path: Path) -> None:
    engine = ScriptedEngine()
    engine.refusal = Refused("invalid partition specified: gpuu")
    with pytest.raises(InputError, match="takes no job: invalid partition specified: gpuu"):
        EngineSweep(tmp_path, engine).run()


def test_at_the_limit_of_submissions_the_rest_waits(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine, slots=4)
    for i, _ in enumerate(sweep.coordinator.run()):
        full = len(engine.open()) >= 2
        engine.refusal = Refused("QOSMaxSubmitJobPerUserLimit", is_limit=True) if full and i < 30 else None
    check(calm, sweep)
    assert sweep.events("waiting")


def test_a_sweep_of_which_no_run_can_ever_start_stops_with_the_engines_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.workers.engine_events.NEVER_S", 0.0)
    engine = ScriptedEngine()
    engine.slow = 10**9
    sweep = EngineSweep(tmp_path, engine)
    for _ in sweep.coordinator.run():
        for entry in engine.open():
            entry.seen = Seen(Phase.QUEUED, cause="never_started", said="PartitionTimeLimit")
    assert sweep.coordinator.standing.is_broken
    assert "PartitionTimeLimit" in str(sweep.coordinator.standing.stopping)
    assert not engine.open()  # and none is left in the queue


def test_asked_to_stop_what_is_queued_is_taken_back_at_once(calm: Calm, tmp_path: Path) -> None:
    engine = ScriptedEngine()
    engine.slow = 10**9
    sweep = EngineSweep(tmp_path, engine)
    for i, _ in enumerate(sweep.coordinator.run()):
        if i == 6:
            assert "scripted 1 queued" in sweep.seen()
            sweep.root.stop.touch()
    assert not engine.open()
    assert {sweep.state(name).status for name in ("tune-000", "tune-001")} == {"pending"}
    engine.slow = 0
    again = EngineSweep(tmp_path, engine)
    again.run()
    check(calm, again)


def test_a_queued_job_that_cannot_be_ended_is_not_waited_for_and_never_writes(calm: Calm, tmp_path: Path) -> None:
    class Stubborn(ScriptedEngine):
        def end(self, job: Any, *, now: bool) -> None:
            self.calls["end"] += 1

    engine = Stubborn()
    engine.slow = 3
    sweep = EngineSweep(tmp_path, engine)
    for i, _ in enumerate(sweep.coordinator.run()):
        if i == 4:
            sweep.root.stop.touch()
    assert len(engine.open()) == 2  # they are still there
    for _ in range(9):
        engine.step()  # and start after all
    assert sweep.state("tune-000").attempt == 0
    engine.slow = 0
    again = EngineSweep(tmp_path, engine)
    again.run()
    check(calm, again)


def test_status_says_where_runs_are_without_asking_the_engine(tmp_path: Path) -> None:
    engine = ScriptedEngine()
    sweep = EngineSweep(tmp_path, engine)
    work = sweep.coordinator.run()
    seen = ""
    for _ in work:
        calls = engine.calls.copy()
        seen = sweep.seen()
        assert engine.calls == calls
        if "running on n1" in seen:
            break
    assert "a/tune-000: scripted 1 running on n1" in seen
    assert "interrupted" not in seen


class EngineMachine(RuleBasedStateMachine):
    """Faults in any order: at the end everything is as if there had been none."""

    calm: Calm

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="engine-"))
        self.engine = ScriptedEngine()
        self.harm: dict[str, int] = {}  # run -> attempts that counted as in vain
        self.start()

    def start(self) -> None:
        self.sweep = EngineSweep(self.place, self.engine, slots=3)
        self.work: Iterator[str] = self.sweep.coordinator.run()
        self.is_over = False

    @rule(n=st.integers(1, 6))
    def go_on(self, n: int) -> None:
        for _ in range(n):
            self.is_over = self.is_over or next(self.work, None) is None

    @rule(i=st.integers(0, 9), how=st.sampled_from(sorted(SAID)), asleep=st.integers(0, 3))
    def harm_one(self, i: int, how: str, asleep: int) -> None:
        entries = self.engine.open()
        if not entries:
            return
        entry = entries[i % len(entries)]
        run = entry.job.folder.path.name
        if self.harm.get(run, 0) < 4:  # a fifth in vain is the run's end, and rightly so
            self.harm[run] = self.harm.get(run, 0) + 1
            seen, lives, _ = SAID[how]
            self.engine.say(entry, seen, worker_lives=lives, asleep=asleep)

    @rule(n=st.integers(1, 4))
    def fall_silent(self, n: int) -> None:
        self.engine.silent = n

    @rule(n=st.integers(1, 2))
    def lose_replies(self, n: int) -> None:
        self.engine.lost_replies = n

    @rule(slow=st.integers(0, 3), twice=st.booleans())
    def start_as(self, slow: int, twice: bool) -> None:
        self.engine.slow, self.engine.starts_twice = slow, twice

    @rule()
    def let_the_dead_work(self) -> None:
        self.engine.step()

    @rule()
    def forget_all(self) -> None:
        if len(entries := self.engine.open()) == 3:
            for entry in entries:
                self.engine.say(entry, Seen(Phase.GONE), worker_lives=True)

    @precondition(lambda self: not self.is_over)
    @rule()
    def kill_the_coordinator(self) -> None:
        self.work.close()
        self.start()

    def teardown(self) -> None:
        try:
            self.engine.silent = self.engine.lost_replies = 0
            for _ in self.work:
                pass
            for _ in range(6):
                self.engine.step()
            check(self.calm, self.sweep)
        finally:
            shutil.rmtree(self.place, ignore_errors=True)


def test_faults_in_any_order_change_nothing(calm: Calm) -> None:
    EngineMachine.calm = calm
    run_state_machine_as_test(
        EngineMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
