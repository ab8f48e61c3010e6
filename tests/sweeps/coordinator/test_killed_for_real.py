"""A real sweep, real workers, kill -9: it ends with the record of an undisturbed one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cvae.config.overrides import merge
from cvae.config.yaml_file import dump_yaml
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
    folders = [RunFolder(path.parent) for path in root.glob("*/*/run.json")]
    alive = [f for f in folders if f.read_state().status == "running"]
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
