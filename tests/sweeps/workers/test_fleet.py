"""What a look at an engine's jobs costs: what is queued costs nothing that is counted."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sweeps.launchers.launcher import Phase, Refused, Seen, Unreachable
from sweeps.workers.attempt import Attempt
from tests.sweeps.fake_engine import EngineSweep, ScriptedEngine


def work_of_a_look(place: Path, n: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What the coordinator does in one look at so many queued jobs and one that runs: calls, files, runs looked at."""
    engine = ScriptedEngine()
    sweep = EngineSweep(place, engine, slots=n, change={"tune": {"trials_per_arm": n, "sampler": "qmc"}})
    turns = sweep.coordinator.run()
    next(line for line in turns if line.startswith("a/tune-000"))
    engine.slow = 10**9
    while len(sweep.coordinator.active) < n or engine.calls["look"] < 2:
        next(turns)
    done: Counter[str] = Counter()
    calls, opens, over = engine.calls.copy(), Path.open, Attempt.is_over

    def open_counted(path: Path, *arguments: Any, **options: Any) -> Any:
        done["files"] += place in path.parents
        return opens(path, *arguments, **options)

    def is_over_counted(attempt: Attempt, *arguments: Any) -> bool:
        done["runs"] += 1
        return over(attempt, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "step", lambda: None)
        patch.setattr(Path, "open", open_counted)
        patch.setattr(Attempt, "is_over", is_over_counted)
        assert list(sweep.coordinator._watch()) == []
    return done + (engine.calls - calls)


def test_a_look_at_a_hundred_queued_jobs_makes_the_calls_and_reads_the_files_of_one_at_ten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (work_of_a_look(tmp_path / str(n), n, monkeypatch) for n in (10, 100))
    assert few == many
    assert many["look"] == 1
    assert many["runs"] == 1


def test_an_answer_that_is_the_last_one_is_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Calm(ScriptedEngine):
        """It says what it said last by the same mapping, as Slurm's launcher does, until a test moves something."""

        last: tuple[Any, Any] = (None, None)

        def look(self, jobs: Any) -> Any:
            seen = super().look(jobs)
            if jobs is not self.last[0] or seen != self.last[1]:
                self.last = jobs, seen
            return self.last[1]

    engine = Calm()
    engine.slow = 10**9
    sweep = EngineSweep(tmp_path, engine, slots=4)
    turns = sweep.coordinator.run()
    while len(sweep.coordinator.active) < 4 or engine.calls["look"] < 4:
        next(turns)
    fleet, taken = sweep.coordinator.fleet, []
    take = fleet._take
    monkeypatch.setattr(fleet, "_take", lambda *arguments: taken.append(take(*arguments)))
    for _ in range(5):
        fleet.look()
    assert not taken
    engine.say(engine.open()[0], Seen(Phase.RUNNING, "n1"), worker_lives=True)
    fleet.look()
    assert len(taken) == 1
    assert sum(attempt.is_running for attempt in fleet.active.values()) == 1


def test_what_is_refused_when_it_is_submitted_again_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.workers.submissions.SUBMIT_AGAIN_S", 0.0)

    class Forgetful(ScriptedEngine):
        """It loses the first submission, and does not take the same again."""

        def submit(self, job: Any, *arguments: Any) -> str:
            known = super().submit(job, *arguments)
            if self.calls["submit"] <= 2:
                del self.entries[known]
                raise Unreachable("connection reset") if self.calls["submit"] == 1 else Refused("held")
            return known

    sweep = EngineSweep(tmp_path, Forgetful(), slots=1)
    sweep.run()
    assert len(sweep.events("resubmitted")) == 1
    assert len(sweep.events("ended")) == 6
