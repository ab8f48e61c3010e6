"""A real sweep, real workers, kill -9: it ends with the record of an undisturbed one."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cvae.config.overrides import merge
from cvae.config.yaml_file import dump_yaml
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources.pushing_world import PushingWorld
from cvae.record.names import TIMINGS
from cvae.record.run_folder import RunFolder
from tests.sweeps.commands.test_launch import EXPERIMENT, ROOT

LONGER = merge(EXPERIMENT, {"base": {"train": {"steps": 60}, "evaluation": {"every": 3}}})


def record_of(root: Path) -> dict[str, Any]:
    """Every run's outcome and evaluations, timings aside."""
    found = {}
    for path in sorted(root.glob("*/*/run.json")):
        folder = RunFolder(path.parent)
        epochs = [{k: v for k, v in line.items() if k not in TIMINGS} for line in folder.read_epochs()]
        state = folder.read_state()
        found[str(path.parent.relative_to(root))] = (state.status, state.final, epochs, folder.clips.read_bytes())
    return found


def start(tmp_path: Path, runs: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "run_sweep.py", str(tmp_path / "e.yaml"), "--runs", str(tmp_path / runs), "--slots", "2"]
    return subprocess.Popen(
        [*command, "--set", f"base.store={tmp_path / 'store'}"], cwd=ROOT, stdout=subprocess.DEVNULL
    )


def kill_one_worker(root: Path, generator: random.Random) -> int:
    alive = [f for f in folders_of(root) if f.read_state().status == "running"]
    alive = [f for f in alive if f.is_being_trained()]
    if not alive:
        return 0
    try:
        os.kill(generator.choice(alive).read_state().pid, signal.SIGKILL)
    except ProcessLookupError:  # it has just ended by itself
        return 0
    return 1


@pytest.mark.slow
def test_killed_at_arbitrary_moments_it_ends_like_an_undisturbed_sweep(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(dump_yaml(LONGER))
    assert start(tmp_path, "calm").wait() == 0
    generator, kills, root = random.Random(1), {"coordinator": 0, "worker": 0}, tmp_path / "stormy" / "tiny"
    for how in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL):
        process = start(tmp_path, "stormy")
        deadline = time.monotonic() + generator.uniform(8, 14)
        next_kill = time.monotonic() + 6
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
            if time.monotonic() > next_kill:
                kills["worker"] += kill_one_worker(root, generator)
                next_kill += 4
        if process.poll() is None:
            process.send_signal(how)
            kills["coordinator"] += 1
        process.wait()
    assert start(tmp_path, "stormy").wait() == 0
    assert kills["coordinator"] >= 2
    assert kills["worker"] >= 1
    calm = record_of(tmp_path / "calm" / "tiny")
    assert len(calm) == 6
    assert record_of(root) == calm


def moving(place: Path) -> "subprocess.Popen[bytes]":
    """The sweep of a place's own experiment, data, store and runs, nothing of which lies elsewhere."""
    values = merge(LONGER, {"base": {"data": {"source": "bair", "root": str(place / "data"), "n_frames": 12}}})
    (place / "e.yaml").write_text(dump_yaml(values))
    return start(place, "runs")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_moved_with_its_data_amid_its_runs_it_ends_like_an_undisturbed_sweep(how: int, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "elsewhere" / "new"
    for place in (old, tmp_path / "calm"):
        write_lab_layout(PushingWorld(n_train=10, n_validate=5, n_test=3, n_frames=12), place / "data", 32)
    assert moving(tmp_path / "calm").wait() == 0
    process, runs = moving(old), old / "runs" / "tiny"
    while process.poll() is None and not any(1 < len(f.read_epochs()) < 15 for f in folders_of(runs)):
        time.sleep(0.05)
    assert process.poll() is None
    process.send_signal(how)
    process.wait()
    for folder in folders_of(runs):  # killed at once, workers go on without their coordinator
        if (trainer := folder.trainer()) is not None:
            with suppress(ProcessLookupError):
                os.kill(trainer.pid, signal.SIGKILL)
        while folder.is_being_trained():
            time.sleep(0.05)
    begun = [f.path.relative_to(old) for f in folders_of(runs) if f.read_epochs() and not f.read_state().is_final]
    assert begun
    new.parent.mkdir()
    old.rename(new)
    assert moving(new).wait() == 0
    assert not old.exists()
    assert all(RunFolder(new / path).read_state().attempt > 1 for path in begun)
    calm = record_of(tmp_path / "calm" / "runs" / "tiny")
    assert len(calm) == 6
    assert record_of(new / "runs" / "tiny") == calm


def folders_of(root: Path) -> list[RunFolder]:
    return [RunFolder(path.parent) for path in root.glob("*/*/run.json")]
