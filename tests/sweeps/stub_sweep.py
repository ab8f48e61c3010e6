"""Run a sweep with stub workers: `stub_sweep.py EXPERIMENT.yaml RUNS [how=works] [slots=3]`."""

import os
import subprocess
import sys
from pathlib import Path

from cvae.record import RunFolder, held
from sweeps.coordinator import Coordinator
from sweeps.experiment import load_experiment
from sweeps.launch import lay_out
from sweeps.plan import ExperimentFolder

REPOSITORY = Path(__file__).parents[2]


def sweep(experiment_file: Path, runs: Path, how: str = "works", slots: int = 3) -> Coordinator | None:
    """Run to the end; None where another coordinator holds the experiment."""

    def start(folder: RunFolder) -> subprocess.Popen[bytes]:
        worker = Path(__file__).with_name("stub_worker.py")
        return subprocess.Popen(
            [sys.executable, str(worker), str(folder.path), how],
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            start_new_session=True,
        )

    experiment = load_experiment(experiment_file)
    root = ExperimentFolder(runs / experiment.name)
    lay_out(experiment, root)
    with held(root.lock) as is_ours:
        if not is_ours:
            return None
        coordinator = Coordinator(experiment, root, slots, 1, {"mode": "disabled"}, start)
        for _ in coordinator.run():
            pass
        return coordinator


if __name__ == "__main__":
    sweep(Path(sys.argv[1]), Path(sys.argv[2]))
