"""The coordinator's lock while it works: its file may be removed, and still only one works."""

from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.files import held, is_locked
from sweeps.commands.launch import launch
from sweeps.commands.options import LaunchOptions
from sweeps.coordinator.lock_guard import LockGuard
from sweeps.experiment.experiment import build_experiment
from sweeps.workers.slots import Slots
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.stepping_sweep import TOY, Sweep

OPTIONS = LaunchOptions(1, "disabled", "quiet", storage=None, retry=None, budget_s=None, hang_s=60.0)


def test_a_lock_file_that_was_removed_is_taken_again(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with held(lock):
        guard = LockGuard(lock)
        assert guard.look() is None
        lock.unlink()
        assert not is_locked(lock)
        said = guard.look()
        assert said == f"{lock}: was removed while the sweep works; taken again"
        assert guard.look() is None
        with held(lock) as is_others:
            assert not is_others
    with held(lock) as is_others:
        assert not is_others  # until its process ends


def test_one_that_another_has_taken_ends_the_sweep(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    with held(sweep.root.lock):
        sweep = Sweep(tmp_path)
        work = sweep.coordinator.run()
        next(work)
        sweep.root.lock.unlink()
        with held(sweep.root.lock):
            lines = [line for line in work if line]
    assert "another coordinator has taken it" in "\n".join(lines)
    assert sweep.coordinator.standing.is_broken
    assert len(sweep.coordinator.counts.settled) < 6
    Sweep(tmp_path / "calm").run()
    Sweep(tmp_path).run()
    assert results_of(tmp_path) == results_of(tmp_path / "calm")


def test_a_second_coordinator_is_refused_though_the_lock_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the record says who works: a live process, by its birth; as another process would see it
    sweep = Sweep(tmp_path)
    work = sweep.coordinator.run()
    next(work)
    monkeypatch.setattr("sweeps.commands.launch.prepare_launch", lambda *arguments: None)
    monkeypatch.setattr("sweeps.commands.launch.os.getpid", lambda: 1)
    assert not is_locked(sweep.root.lock)
    with pytest.raises(InputError, match="is working on it"):
        launch(build_experiment(TOY, "toy"), sweep.root, Slots({"cpu": 1}), OPTIONS)
