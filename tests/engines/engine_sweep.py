"""Sweeps of stub workers on a real engine: `engine_sweep.py EXPERIMENT.yaml RUNS ENGINE OPTIONS [slots]`.

`OPTIONS` is JSON: what the engine's file may say; `lost_s` and `patience_s`, which a test has no two minutes for; and
the coordinator's `journal`, where the disk is shared.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from cvae.files import held, write_atomically
from cvae.record.run_folder import RunFolder
from sweeps.child_environment import with_project
from sweeps.coordinator.coordinator import Coordinator
from sweeps.experiment.experiment import load_experiment
from sweeps.experiment_folder.coordinator_record import PATIENCE_S, take_over
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.launchers import EngineChoice, Launcher, LocalLauncher
from sweeps.launchers.registry import options_of
from sweeps.workers.slots import Slots

REPOSITORY = Path(__file__).parents[2]

EXPERIMENT = """
name: toy
base: {n_future: 4, n_eval: 4, image_size: 32, store: STORE, runtime: {device: cpu}}
arms:
  constant: {kl_anneal: {mode: constant}}
  cyclical: {kl_anneal: {mode: cyclical}, search: {kl_anneal.n_cycles: {int: [2, 8]}}}
search:
  optim.lr: {float: [1e-4, 1e-1], log: true}
tune: {trials_per_arm: 2, sampler: qmc}
confirm: {seeds: 1}
"""

N_RUNS = 6

#: Seconds in which a sweep that nothing holds any more has ended, on a machine that has other work too.
END_S = 300.0


def stub_python(folder: Path) -> Path:
    """Write a stand-in for Python that runs the stub worker where `-m sweeps.worker FOLDER TOKEN` was asked.

    Where machines have each a mount of their own, a worker sees the folder through that of its node.
    """
    worker = Path(__file__).with_name("engine_worker.py")
    path = folder / "stub-python"
    path.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={REPOSITORY}\n"
        'run=$(printf %s "$3" | sed -E "s#/(front|back)/#/${SLURMD_NODENAME:-front}/#")\n'
        f'exec {sys.executable} {worker} "$run" "$4"\n'
    )
    path.chmod(0o755)
    return path


def write_experiment(folder: Path, text: str = EXPERIMENT) -> Path:
    path = folder / "toy.yaml"
    path.write_text(text.replace("STORE", str(folder / "store")))
    return path


def start_stub(folder: RunFolder, token: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    worker = Path(__file__).with_name("engine_worker.py")
    command = [sys.executable, str(worker), str(folder.path.absolute()), token]
    return subprocess.Popen(command, env=with_project(environment), start_new_session=True)


def launcher_of(chosen: EngineChoice) -> Launcher:
    return LocalLauncher(start_stub) if chosen.options is None else chosen.launcher()


def sweep(experiment_file: Path, runs: Path, engine: str, told: dict[str, Any], slots: int) -> None:
    """Run to the end, as far as it is let."""
    lost_s, patience_s, journal = told.pop("lost_s", 5.0), told.pop("patience_s", PATIENCE_S), told.pop("journal", None)
    kind = options_of(engine)
    options = None if kind is None else kind.model_validate(told)
    share = None if options is None else options.share("cpu")
    experiment = load_experiment(experiment_file)
    root = ExperimentFolder(runs / experiment.name)
    lay_out(experiment, root)
    with held(root.lock) as is_ours, closing(launcher_of(EngineChoice(engine, options, share))) as launcher:
        assert is_ours
        take_over(root, print, patience_s=patience_s)
        launcher.poll_s, launcher.lost_s = min(launcher.poll_s, 0.3), lost_s
        coordinator = Coordinator(
            experiment,
            root,
            Slots({engine: slots}),
            1,
            launcher=launcher,
            share=share,
            storage=None if journal is None else Path(journal),
            backoff_first_s=0.05,
        )
        for line in coordinator.run():
            if line:
                print(line, flush=True)


class Sweep:
    """A coordinator of its own process, and what its runs leave."""

    def __init__(self, folder: Path, engine: str, *, slots: int = 4, runs: Path | None = None, **told: Any) -> None:
        self.folder, self.runs = folder, runs or folder / "runs"
        self.runs.mkdir(exist_ok=True)
        self.root = ExperimentFolder(self.runs / "toy")
        told = {"python": str(stub_python(folder)), "cpus": 1, "gpus": 0, "memory_gb": 0.2, **told}
        experiment = write_experiment(folder)
        script = str(Path(__file__))
        self.command = [
            *(sys.executable, script, str(experiment), str(self.runs), engine, json.dumps(told), str(slots)),
        ]
        self.log = folder / "coordinator.log"

    def hold_at(self, step: int) -> None:
        """Let every worker wait after a step, so that what a test does meets it at work however slow all else is."""
        write_atomically(self.runs / "hold", str(step).encode())

    def let_go(self) -> None:
        (self.runs / "hold").unlink()

    def let_workers_be_deaf(self) -> None:
        (self.runs / "deaf").touch()

    @contextmanager
    def started(self, host: str | None = None, runs: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
        """Start a coordinator; whatever happens in the block, it is over afterwards.

        Args:
            host: the name that its machine has; None: this machine's.
            runs: where that machine sees the folder of all runs; None: where the test does.
        """
        named = ["unshare", "--uts", "sh", "-c", f'hostname {host}; exec "$@"', "-"] if host else []
        command = [str(runs) if part == str(self.runs) and runs else part for part in self.command]
        with self.log.open("ab") as log:
            process = subprocess.Popen([*named, *command], cwd=REPOSITORY, env=with_project(), stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def finish(self, seconds: float = END_S) -> None:
        """Start a coordinator and wait until it has ended well."""
        with self.started() as process:
            assert process.wait(seconds) == 0, self.log.read_text()[-3000:]

    def folders(self) -> list[RunFolder]:
        return [RunFolder(path.parent) for path in sorted(self.root.path.glob("*/*/run.json"))]

    def running(self) -> list[RunFolder]:
        """The runs whose worker has begun and has not ended."""
        return [folder for folder in self.folders() if folder.read_state().status == "running"]

    def events(self) -> list[dict[str, Any]]:
        path = self.root.ledger
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def n_events(self, name: str) -> int:
        return sum(event["event"] == name for event in self.events())

    def results(self) -> dict[str, Any]:
        """Every run's outcome and evaluations: what an undisturbed sweep leaves too."""
        found = {}
        for folder in self.folders():
            state = folder.read_state()
            name = str(folder.path.relative_to(self.root.path))
            found[name] = (state.status, state.final, folder.read_epochs())
        return found

    def preempted_runs(self) -> set[str]:
        """The runs that the ledger says were taken their place."""
        return {event["run"] for event in self.events() if "preempted" in json.dumps(event)}

    def check_one_writer_at_a_time(self) -> None:
        """No worker of a run wrote after another had begun, and none did a step twice."""
        for folder in self.folders():
            written = (path.read_text().splitlines() for path in folder.path.glob("writes-*.jsonl"))
            lines = sorted((json.loads(line) for each in written for line in each), key=lambda line: line["at"])
            writers = [(line["token"], line["pid"]) for line in lines]
            changes = [writer for i, writer in enumerate(writers) if i == 0 or writers[i - 1] != writer]
            assert len(changes) == len(set(changes)), (folder.path, lines)
            steps = [line["what"] for line in lines if line["what"].startswith("step")]
            assert len(steps) == len(set(steps)), (folder.path, lines)

    def check_each_told_once(self) -> None:
        ended = Counter(event["run"] for event in self.events() if event["event"] == "ended")
        assert set(ended.values()) == {1}, ended


def undisturbed(folder: Path) -> dict[str, Any]:
    """What the same sweep leaves that nobody disturbs."""
    folder.mkdir()
    calm = Sweep(folder, "local")
    calm.finish()
    return calm.results()


if __name__ == "__main__":
    try:
        sweep(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4]), int(sys.argv[5]))
    except InputError as error:
        sys.exit(f"error: {error}")
