"""Coordinator and workers killed by -9 at random, the folder moved and the database restarted in between.

The sweep ends like an undisturbed one.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from cvae.config.yaml_file import load_yaml_mapping
from cvae.record.run_folder import RunFolder
from sweeps.experiment.experiment import load_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.coordinator_record import read_coordinator
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.postgres import Database, open_to_all, outcomes, outcomes_at, server
from tests.sweeps.stub_sweep import REPOSITORY, sweep
from tests.sweeps.stub_worker import tickets_of

EXPERIMENT = """
name: toy
base: {n_future: 4, n_eval: 4, image_size: 32, store: STORE}
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
def place() -> Iterator[Path]:
    with open_to_all("chaos-") as folder:
        yield folder


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


def move(experiment_file: Path, runs: Path, to: Path) -> None:
    """Move a sweep that nobody works on, with its data, and say in the experiment where these lie now."""
    running = [f for f in map(RunFolder, (runs / "toy").glob("*/*-*")) if f.is_being_trained()]
    for folder in running:
        with suppress(ProcessLookupError):
            os.kill(folder.read_state().pid, signal.SIGKILL)
    wait_until(lambda: not any(folder.is_being_trained() for folder in running))
    runs.rename(to)
    experiment_file.write_text(experiment_file.read_text().replace(f"{runs}/data", f"{to}/data"))


def restart(database: Database, generator: random.Random) -> None:
    """Stop a server as a crash would, and start it a while later."""
    database.stop()
    time.sleep(2 * generator.random())
    database.start()


def storm(experiment_file: Path, runs: Path, storage: list[str], kills_wanted: int, database: Database | None) -> Path:
    """Run a sweep to its end through kills, of a worker and of the coordinator in turn; return where it lies then.

    No run ends without a ticket, and tickets for all of them are there only once every kill is made: the sweep waits
    for its storm, however fast the machine is, and the kills are spread over all of it. In the middle the folder is
    moved with its data, and a server of its storage is restarted after every seventh kill.
    """
    generator = random.Random(5)

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(Path(__file__).parents[1] / "stub_sweep.py"), str(experiment_file), str(runs)]
        command += ["waits", str(SLOTS), *storage]
        return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(REPOSITORY)})

    n_planned, n_handed_out = len(all_runs(load_experiment(experiment_file))), 0
    tickets_of(runs).mkdir(parents=True)
    process = start()
    try:
        for kill in range(kills_wanted + 1):
            while n_handed_out < n_planned * kill // kills_wanted:
                (tickets_of(runs) / f"free-{n_handed_out}").touch()
                n_handed_out += 1
            if kill == kills_wanted:
                break
            if generator.random() < 0.7:  # the coordinator is at work; else it may still find out how things stand
                root = ExperimentFolder(runs / "toy")
                wait_until(lambda pid=process.pid, root=root: read_coordinator(root).pid == pid)
            time.sleep(0.5 * generator.random())
            if kill % 2 == 0:
                wait_until(lambda runs=runs: kill_a_worker(runs, generator))
                if database is not None and kill % 7 == 0:
                    restart(database, generator)
                continue
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL  # it was alive: the sweep cannot have ended
            if kill == kills_wanted // 4 * 2 - 1:
                moved = runs.with_name("elsewhere")
                move(experiment_file, runs, moved)
                runs = moved
            process = start()
        assert process.wait(300) == 0
    finally:
        process.kill()
        shutil.rmtree(tickets_of(runs))
    assert runs.name == "elsewhere"
    return runs


def weather(place: Path, trials: int, storage_name: str, kills_wanted: int) -> None:
    """An undisturbed sweep and a stormy one: the same runs, each told once, no zombie, the same results."""
    path = place / "toy.yaml"
    text = EXPERIMENT.replace("TRIALS", str(trials))
    path.write_text(text.replace("STORE", f"{place / 'calm' / 'data'}"))
    sweep(path, place / "calm", slots=SLOTS)
    path.write_text(text.replace("STORE", f"{place / 'stormy' / 'data'}"))
    place_for_server = place / "server"
    place_for_server.mkdir()
    with server(place_for_server) if storage_name == "postgresql" else nullcontext() as database:
        urls = {"journal": [], "sqlite": [f"sqlite:///{place}/study.db"]}
        urls["postgresql"] = [] if database is None else [database.url]
        end = storm(path, place / "stormy", urls[storage_name], kills_wanted, database)
        planned = {f"{run.arm}/{run.name}" for run in all_runs(load_experiment(path))}
        stormy = results_of(end)
        assert set(stormy) == planned
        assert stormy == results_of(place / "calm")
        journal = {
            runs: JournalStorage(JournalFileBackend(str(runs / "toy/study.journal")))
            for runs in ((place / "calm", end) if storage_name == "journal" else (place / "calm",))
        }
        told = outcomes(journal[end]) if storage_name == "journal" else outcomes_at(urls[storage_name][0])
        assert told == outcomes(journal[place / "calm"])
        # a study for each tuning of an arm, each with its trials told once
        assert all([t[0] for t in trials_] == list(range(len(trials_))) for trials_ in told.values())
        assert sum(map(len, told.values())) == sum("/tune-" in run for run in planned)
        assert {t[1] for trials_ in told.values() for t in trials_} == {"COMPLETE"}
        assert not list((end / "toy").glob("*/.*"))
        folders = [RunFolder(file.parent) for file in (end / "toy").glob("*/*/run.json")]
        stores = {load_yaml_mapping(folder.config)["store"] for folder in folders}
        assert str(end / "data") in stores  # of runs that went on, or began, where the sweep lies now
        # every second kill was of a worker, whose run took another attempt; a few may have been done at that instant
        assert sum(folder.read_state().attempt for folder in folders) >= len(planned) + kills_wanted // 4


def test_killed_now_and_then(tmp_path: Path) -> None:
    weather(tmp_path, 3, "journal", 4)


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["journal", "sqlite", "postgresql"])
def test_sixty_runs_and_thirty_kills(storage: str, place: Path) -> None:
    weather(place, 24, storage, 30)  # 2 x (24 + 6) runs
