"""Coordinator and workers killed by -9 at random, again and again: the sweep ends like an undisturbed one."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from cvae.record.run_folder import RunFolder
from sweeps.experiment.experiment import load_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.coordinator_record import read_coordinator
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.postgres import server
from tests.sweeps.stub_sweep import REPOSITORY, sweep
from tests.sweeps.stub_worker import tickets_of

EXPERIMENT = """
name: toy
base: {n_future: 4, n_eval: 4, image_size: 32}
arms:
  constant: {kl_anneal: {mode: constant}}
  cyclical: {kl_anneal: {mode: cyclical}, search: {kl_anneal.n_cycles: {int: [2, 8]}}}
search:
  optim.lr: {float: [1e-4, 1e-1], log: true}
tune: {trials_per_arm: TRIALS, sampler: qmc}
confirm: {seeds: 6}
"""
SLOTS = 4


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that another user may enter: pytest's own are closed, and a database server has a user of its own."""
    place = Path(tempfile.mkdtemp(prefix="chaos-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place, ignore_errors=True)


def outcomes(storage: BaseStorage) -> dict[str, list[tuple[int, str, float | None, dict[str, Any]]]]:
    names = optuna.get_all_study_names(storage)
    studies = {name: optuna.load_study(study_name=name, storage=storage).get_trials() for name in names}
    return {name: [(t.number, t.state.name, t.value, t.params) for t in trials] for name, trials in studies.items()}


def outcomes_at(url: str) -> dict[str, list[tuple[int, str, float | None, dict[str, Any]]]]:
    storage = RDBStorage(url)
    try:
        return outcomes(storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def wait_until(what: Callable[[], object]) -> None:
    """Wait for something that is sure to come."""
    deadline = time.monotonic() + 300
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill_a_worker(runs: Path, generator: random.Random) -> bool:
    """Kill a live worker, if there is one: of a run with fewest attempts, since five in vain would be its end."""
    running = [f for f in map(RunFolder, (runs / "toy").glob("*/*-*")) if f.read_state().status == "running"]
    generator.shuffle(running)
    for folder in sorted(running, key=lambda folder: folder.read_state().attempt):
        if folder.is_being_trained():
            with suppress(ProcessLookupError):  # it was faster
                os.kill(folder.read_state().pid, signal.SIGKILL)
                return True
    return False


def storm(experiment_file: Path, runs: Path, storage: list[str], kills_wanted: int) -> None:
    """Run a sweep to its end through kills, of a worker and of the coordinator in turn.

    No run ends without a ticket, and tickets for all of them are there only once every kill is made: the sweep waits
    for its storm, however fast the machine is, and the kills are spread over all of it.
    """
    generator, tickets, root = random.Random(5), tickets_of(runs), ExperimentFolder(runs / "toy")
    command = [sys.executable, str(Path(__file__).parents[1] / "stub_sweep.py"), str(experiment_file), str(runs)]
    command += ["waits", str(SLOTS), *storage]

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(REPOSITORY)})

    n_planned, n_handed_out = len(all_runs(load_experiment(experiment_file))), 0
    tickets.mkdir(parents=True)
    process = start()
    try:
        for kill in range(kills_wanted + 1):
            while n_handed_out < n_planned * kill // kills_wanted:
                (tickets / f"free-{n_handed_out}").touch()
                n_handed_out += 1
            if kill == kills_wanted:
                break
            if generator.random() < 0.7:  # the coordinator is at work; else it may still find out how things stand
                wait_until(lambda pid=process.pid: read_coordinator(root).pid == pid)
            time.sleep(0.5 * generator.random())
            if kill % 2 == 0:
                wait_until(lambda: kill_a_worker(runs, generator))
                continue
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL  # it was alive: the sweep cannot have ended
            process = start()
        assert process.wait(300) == 0
    finally:
        process.kill()
        shutil.rmtree(tickets)


def weather(place: Path, trials: int, storage_name: str, kills_wanted: int) -> None:
    """An undisturbed sweep and a stormy one: the same runs, each told once, no zombie, the same results."""
    path = place / "toy.yaml"
    path.write_text(EXPERIMENT.replace("TRIALS", str(trials)))
    place_for_server = place / "server"
    place_for_server.mkdir()
    with server(place_for_server) if storage_name == "postgresql" else nullcontext() as url:
        urls = {"journal": [], "sqlite": [f"sqlite:///{place}/study.db"], "postgresql": [str(url)]}[storage_name]
        sweep(path, place / "calm", slots=SLOTS)
        storm(path, place / "stormy", urls, kills_wanted)
        planned = {f"{run.arm}/{run.name}" for run in all_runs(load_experiment(path))}
        stormy = results_of(place / "stormy")
        assert set(stormy) == planned
        assert stormy == results_of(place / "calm")
        journal = {
            name: JournalStorage(JournalFileBackend(str(place / name / "toy/study.journal")))
            for name in (("calm", "stormy") if storage_name == "journal" else ("calm",))
        }
        told = outcomes(journal["stormy"]) if storage_name == "journal" else outcomes_at(urls[0])
        assert told == outcomes(journal["calm"])
        assert all([t[0] for t in trials_] == list(range(trials)) for trials_ in told.values())
        assert {t[1] for trials_ in told.values() for t in trials_} == {"COMPLETE"}
        assert not list((place / "stormy" / "toy").glob("*/.*"))
        folders = [RunFolder(file.parent) for file in (place / "stormy" / "toy").glob("*/*/run.json")]
        # every second kill was of a worker, whose run took another attempt; a few may have been done at that instant
        assert sum(folder.read_state().attempt for folder in folders) >= len(planned) + kills_wanted // 4


def test_killed_now_and_then(tmp_path: Path) -> None:
    weather(tmp_path, 3, "journal", 4)


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["journal", "sqlite", "postgresql"])
def test_sixty_runs_and_thirty_kills(storage: str, open_to_all: Path) -> None:
    weather(open_to_all, 24, storage, 30)  # 2 x (24 + 6) runs
