"""Workers forked from a parent that has PyTorch: the same runs, and nothing that is lost with the parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cvae.config import Config
from cvae.data.store import Store
from cvae.record import TIMINGS, RunFolder
from cvae.train import prepare
from sweeps.child_environment import with_project
from sweeps.launchers import ForkServer, start_worker
from sweeps.launchers.forked_worker import UNKNOWN, ForkedWorker
from sweeps.launchers.worker_process import WorkerProcess
from tests.conftest import changed

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux alone")

PINNED = {"OMP_NUM_THREADS": "1"}
LONG = {"train": {"steps": 100_000, "steps_per_epoch": 1}, "evaluation": {"every": 100_000}}


@pytest.fixture
def server() -> Iterator[ForkServer]:
    with closing(ForkServer()) as server:
        yield server


def new_run(place: Path, config: Config) -> RunFolder:
    folder = RunFolder(place)
    prepare(folder, config)
    return folder


def wait_for(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return found


def ended(worker: WorkerProcess) -> int:
    wait_for(lambda: worker.poll() is not None)
    status = worker.poll()
    assert status is not None
    return status


def trains(folder: RunFolder) -> bool:
    return folder.read_state().status == "running" and folder.heartbeat.exists()


def without_timings(folder: RunFolder) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in folder.epochs.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in TIMINGS} for line in lines]


def test_a_forked_worker_leaves_what_one_of_its_own_leaves(
    tmp_path: Path, tiny: Config, tiny_store: Store, server: ForkServer
) -> None:
    alone, forked, again = (new_run(tmp_path / name, tiny) for name in ("alone", "forked", "again"))
    assert start_worker(alone, "", PINNED).wait() == 0
    workers = [server.start(forked, "", PINNED), server.start(again, "", PINNED)]
    assert all(isinstance(worker, ForkedWorker) for worker in workers)
    assert [ended(worker) for worker in workers] == [0, 0]
    assert without_timings(alone) == without_timings(forked) == without_timings(again)
    assert alone.clips.read_bytes() == forked.clips.read_bytes() == again.clips.read_bytes()
    assert forked.log.read_text().startswith("beta ")
    assert [server.pid] * 2 == [worker._parent for worker in workers if isinstance(worker, ForkedWorker)]


def at_work(place: Path, tiny: Config, server: ForkServer) -> tuple[RunFolder, WorkerProcess]:
    """A forked worker in the midst of a training, and its run."""
    folder = new_run(place / "run", changed(tiny, LONG))
    worker = server.start(folder, "", PINNED)
    wait_for(lambda: trains(folder))
    return folder, worker


def test_a_worker_is_pinned_and_in_a_session_of_its_own(
    tmp_path: Path, tiny: Config, tiny_store: Store, server: ForkServer
) -> None:
    _, worker = at_work(tmp_path, tiny, server)
    assert os.getsid(worker.pid) == worker.pid != os.getsid(0)
    assert f"OMP_NUM_THREADS={PINNED['OMP_NUM_THREADS']}".encode() in Path(f"/proc/{server.pid}/environ").read_bytes()
    assert len(list(Path(f"/proc/{server.pid}/task").iterdir())) == 1
    assert worker.poll() is None
    os.killpg(worker.pid, signal.SIGKILL)
    assert ended(worker) == -signal.SIGKILL == worker.returncode
    assert worker.poll() == -signal.SIGKILL


def test_a_worker_that_is_asked_to_end_does_as_one_of_its_own(
    tmp_path: Path, tiny: Config, tiny_store: Store, server: ForkServer
) -> None:
    folder, worker = at_work(tmp_path, tiny, server)
    os.kill(worker.pid, signal.SIGTERM)
    assert ended(worker) == 143
    assert not folder.is_being_trained()


def test_a_number_is_kept_until_its_end_was_read(
    tmp_path: Path, tiny: Config, tiny_store: Store, server: ForkServer
) -> None:
    folder = new_run(tmp_path / "run", tiny)
    folder.config.write_text("image_size: 7\n")
    worker = server.start(folder, "", PINNED)
    wait_for(lambda: "Z (zombie)" in Path(f"/proc/{worker.pid}/status").read_text())
    assert ended(worker) == 2
    wait_for(lambda: not Path(f"/proc/{worker.pid}").exists())


def test_a_parent_that_is_killed_takes_no_run_with_it(
    tmp_path: Path, tiny: Config, tiny_store: Store, server: ForkServer
) -> None:
    folder = new_run(tmp_path / "run", changed(tiny, LONG))
    worker, parent = server.start(folder, "", PINNED), server.pid
    wait_for(lambda: trains(folder))
    assert parent is not None
    os.kill(parent, signal.SIGKILL)
    assert ended(worker) == UNKNOWN
    assert worker.returncode is None
    assert folder.is_being_trained()
    other = server.start(new_run(tmp_path / "other", tiny), "", PINNED)
    assert isinstance(other, ForkedWorker)
    assert server.pid != parent
    assert ended(other) == 0
    os.kill(worker.pid, signal.SIGKILL)


def test_a_coordinator_that_is_killed_leaves_the_worker_and_no_parent(
    tmp_path: Path, tiny: Config, tiny_store: Store
) -> None:
    folder = new_run(tmp_path / "run", changed(tiny, LONG))
    code = (
        "import sys, time; from cvae.record import RunFolder; from sweeps.launchers import ForkServer\n"
        "server = ForkServer(); from pathlib import Path\n"
        f"worker = server.start(RunFolder(Path({str(folder.path)!r})), '', {PINNED!r})\n"
        "print(server.pid, worker.pid, flush=True); time.sleep(600)"
    )
    coordinator = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=with_project())
    assert coordinator.stdout is not None
    parent, worker = map(int, coordinator.stdout.readline().split())
    wait_for(lambda: trains(folder))
    with coordinator:
        coordinator.kill()
    wait_for(lambda: not Path(f"/proc/{parent}").exists())
    assert folder.is_being_trained()
    os.kill(worker, signal.SIGKILL)


def test_what_may_use_a_gpu_is_not_forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = []
    monkeypatch.setattr("sweeps.launchers.forked_worker.start_worker", lambda *given: started.append(given))
    with closing(ForkServer()) as server:
        server.start(RunFolder(tmp_path), "", PINNED | {"CUDA_VISIBLE_DEVICES": "0"})
        assert server.is_gone()
    assert started == [(RunFolder(tmp_path), "", PINNED | {"CUDA_VISIBLE_DEVICES": "0"})]


def test_where_no_parent_comes_up_workers_are_started_by_themselves(
    tmp_path: Path, tiny: Config, tiny_store: Store, monkeypatch: pytest.MonkeyPatch, server: ForkServer
) -> None:
    broken = tmp_path / "torch"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("sweeps.child_environment.ROOT", tmp_path)  # so that the broken one is found first
    worker = server.start(new_run(tmp_path / "run", tiny), "", PINNED)
    assert isinstance(worker, subprocess.Popen)
    worker.kill()
    worker.wait()
