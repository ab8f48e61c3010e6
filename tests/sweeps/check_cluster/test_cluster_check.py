"""The check's sentences, by probes on this machine and engines that behave badly on purpose."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from sweeps.check_cluster import cluster_check as course
from sweeps.check_cluster import findings
from sweeps.check_cluster.cluster_check import check
from sweeps.child_environment import with_project
from sweeps.launchers import Job, Phase, Seen, Share

#: Stands in for PyTorch, which takes longer to load than the check.
TORCH = (
    "class cuda:\n    is_available = staticmethod(lambda: {gpu})\n    get_device_name = staticmethod(lambda: 'H100')\n"
)


class Engine:
    """Processes of this machine, as jobs."""

    name, poll_s, lost_s, is_local = "slurm", 0.02, 0.0, False

    def __init__(self, folder: Path) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.path = folder / "torch"
        self.path.mkdir()
        (self.path / "torch.py").write_text(TORCH.format(gpu=False))

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        path = {"PYTHONPATH": f"{self.path}{os.pathsep}{with_project()['PYTHONPATH']}"}
        with job.log.open("ab") as log:
            self.processes[job.token] = subprocess.Popen(
                job.worker_command(), env=with_project(environment) | path, stdout=log, stderr=log
            )
        return str(len(self.processes))

    def find(self, jobs: Collection[Job]) -> dict[str, str]:
        return {job.token: "1" for job in jobs if job.token in self.processes}

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        return {job.token: self.seen(self.processes[job.token].poll()) for job in jobs}

    def seen(self, status: int | None) -> Seen:
        return Seen(Phase.RUNNING, "n1") if status is None else Seen(Phase.ENDED, "n1", "exit", status)

    def end(self, job: Job, *, now: bool) -> None:
        self.processes[job.token].terminate()

    def forget(self, job: Job) -> None: ...

    def enlarge(self, share: Share) -> Share | None: ...

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path)
    yield engine
    engine.close()


def lines(engine: Engine, folder: Path, share: Share = Share(1), wait_s: float = 60) -> list[tuple[str, str]]:  # noqa: B008
    return [(found.kind, found.text) for found in check(engine, share, folder / "shared", wait_s, lambda line: None)]


def test_a_cluster_that_is_fit(engine: Engine, tmp_path: Path) -> None:
    told = lines(engine, tmp_path)
    assert {kind for kind, _ in told} == {"ok"}, told
    for words in ("took two jobs", "each sees the other's files", "of two claims one won", "a lock is held once",
                  "is told by SIGTERM first", "a job that is asked to stop does", "clocks agree"):  # fmt: skip
        assert any(words in text for _, text in told), words
    assert all(process.poll() is not None for process in engine.processes.values())


@pytest.mark.parametrize(
    ("has_gpu", "asked", "kind", "words"),
    [
        (False, 1.0, "fault", "asked for a GPU and PyTorch has none"),
        (True, 0.0, "note", "H100 that it did not ask for"),
        (True, 1.0, "ok", "GPU H100"),
    ],
)
def test_gpus_are_held_against_what_was_asked_for(
    engine: Engine, tmp_path: Path, has_gpu: bool, asked: float, kind: str, words: str
) -> None:
    (engine.path / "torch.py").write_text(TORCH.format(gpu=has_gpu))
    told = lines(engine, tmp_path, Share(1, asked))
    assert sum(found == kind and words in text for found, text in told) == 2


def test_a_job_that_dies_at_once_is_shown_by_its_last_words(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = [sys.executable, "-c", "raise SystemExit('no such module: cvae')"]
    monkeypatch.setattr("sweeps.check_cluster.probe_job.ProbeJob.worker_command", lambda job: dies)
    kind, text = lines(engine, tmp_path)[-1]
    assert kind == "fault"
    assert "ended without a word" in text
    assert text.endswith("ends with: no such module: cvae")


def test_a_job_that_never_starts_says_what_it_waits_for(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "seen", lambda status: Seen(Phase.QUEUED, said="PartitionTimeLimit"))
    sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr("sweeps.check_cluster.probe_job.ProbeJob.worker_command", lambda job: sleeps)
    kind, text = lines(engine, tmp_path, wait_s=0.05)[-1]
    assert (kind, "queued (PartitionTimeLimit) after 0 s" in text) == ("fault", True)


def test_an_engine_that_does_not_find_its_jobs(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find", lambda jobs: {})
    assert any(kind == "fault" and "does not find its jobs" in text for kind, text in lines(engine, tmp_path))


def test_an_engine_that_kills_without_a_word(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "end", lambda job, now: engine.processes[job.token].kill())
    assert any(kind == "note" and "is not told" in text for kind, text in lines(engine, tmp_path))


def test_a_folder_that_is_not_shared(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "LATE_S", 0.1)
    monkeypatch.setattr(findings, "write_atomically", lambda path, data, is_lasting: None)  # never arrives anywhere
    assert any(kind == "fault" and "no shared folder" in text for kind, text in lines(engine, tmp_path))


def test_the_file_systems_kind_is_said(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "network_type", lambda path: "nfs4")
    told = check(engine, Share(1), tmp_path / "shared", 1.0, lambda line: None)
    assert next(iter(told)).text.endswith("lies on nfs4")
