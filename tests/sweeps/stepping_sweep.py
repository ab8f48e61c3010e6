"""A sweep of workers without processes: it goes the same way every time, and as a test wants it to go wrong."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.instruments.stepping import Score, SteppingWorker
from cvae.record import RunState
from cvae.record.run_folder import RunFolder
from sweeps.commands.status import SweepStatus
from sweeps.coordinator.coordinator import Coordinator
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment_folder.consistency.hashes import declared_hash
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.launchers.local import LocalLauncher
from sweeps.study.storage import open_storage
from sweeps.workers.slots import Slots

TOY: dict[str, Any] = {
    "name": "toy",
    "base": {"n_future": 4, "n_eval": 4, "image_size": 32, "train": {"steps": 4}, "evaluation": {"every": 1}},
    "arms": {"a": {}},
    "search": {"optim.lr": {"float": [1e-4, 1e-1], "log": True}},
    "tune": {"trials_per_arm": 4},
    "confirm": {"seeds": 2},
}

Fault = Callable[[RunFolder, int, int], None]  # run folder, attempt, step; raises to end the attempt


def score(params: Any, seed: int, step: int) -> float:
    return float(20 + 100 * params["optim.lr"] + 0.01 * step)


def seen_in(experiment: Experiment, root: ExperimentFolder) -> str:
    """What --status prints."""
    printed = io.StringIO()
    Console(width=200, file=printed).print(SweepStatus(experiment, root).picture())
    return printed.getvalue()


class Sweep:
    """A sweep of stepping workers, made to go as it is told."""

    def __init__(self, path: Path, fault: Fault | None = None, slots: int = 2, **options: Any) -> None:
        self.experiment = build_experiment(TOY | options.pop("change", {}), "toy")
        self.root = ExperimentFolder(path / "toy")
        lay_out(self.experiment, self.root)
        options.setdefault("provenance", {"declared": declared_hash(self.experiment)})
        values: Score = options.pop("score", score)
        every = self.experiment.config("a", {}, 0, "test").evaluation.every

        def start(folder: RunFolder, token: str, environment: dict[str, str]) -> Any:
            hit = None if fault is None else lambda attempt, step: fault(folder, attempt, step)
            steps = self.experiment.config("a", {}, 0, "test").train.steps
            return SteppingWorker(folder, values, steps, every, hit)

        self.coordinator = Coordinator(
            self.experiment,
            self.root,
            Slots({"cpu": slots}),
            1,
            launcher=LocalLauncher(start, poll_s=0.0),
            backoff_first_s=0.01,
            **options,
        )

    def run(self) -> list[str]:
        return [line for line in self.coordinator.run() if line]

    def state(self, name: str) -> RunState:
        return RunFolder(self.root.path / "a" / name).read_state()

    def told(self) -> list[tuple[str, float | None]]:
        return self.told_at(None)

    def told_at(self, url: str | None) -> list[tuple[str, float | None]]:
        import optuna

        storage, _ = open_storage(self.root, url)
        study = optuna.load_study(study_name="toy/a", storage=storage)
        return [(trial.state.name, trial.value) for trial in study.get_trials()]

    def seen(self) -> str:
        return seen_in(self.experiment, self.root)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [e for e in map(json.loads, self.root.ledger.read_text().splitlines()) if e["event"] == kind]
