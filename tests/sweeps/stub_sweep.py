"""Run a sweep with stub workers: `stub_sweep.py EXPERIMENT.yaml RUNS [how=works slots=3 [storage]]`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cvae.files import held
from cvae.record.run_folder import RunFolder
from sweeps.coordinator.coordinator import Coordinator
from sweeps.experiment.experiment import load_experiment
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.launchers.local import LocalLauncher
from sweeps.workers.slots import Slots

REPOSITORY = Path(__file__).parents[2]


def sweep(
    experiment_file: Path, runs: Path, how: str = "works", slots: int = 3, storage: str | None = None, **options: Any
) -> Coordinator | None:
    """Run to the end; None where another coordinator holds the experiment."""

    def start(folder: RunFolder, token: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        worker = Path(__file__).with_name("stub_worker.py")
        return subprocess.Popen(
            [sys.executable, str(worker), str(folder.path), how, token],
            env=os.environ | environment | {"PYTHONPATH": str(REPOSITORY)},
            start_new_session=True,
        )

    experiment = load_experiment(experiment_file)
    root = ExperimentFolder(runs / experiment.name)
    lay_out(experiment, root)
    with held(root.lock) as is_ours:
        if not is_ours:
            return None
        coordinator = Coordinator(
            experiment,
            root,
            Slots({"cpu": slots}),
            1,
            launcher=LocalLauncher(start),
            storage=storage,
            **{"backoff_first_s": 0.05} | options,
        )
        for _ in coordinator.run():
            pass
        return coordinator


if __name__ == "__main__":
    how, slots, *storage = [*sys.argv[3:], "works", "3"][: max(2, len(sys.argv) - 3)]
    sweep(Path(sys.argv[1]), Path(sys.argv[2]), how, int(slots), *storage)
