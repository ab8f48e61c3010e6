"""What may be loaded without a library: looking at a sweep must not wait for what training needs."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Packages that must be importable without a library, so that what they are needed for starts at once.
CLEAN_ROOMS = {
    "torch": "cvae.schedules cvae.data cvae.config cvae.record sweeps.units sweeps.search_space sweeps.experiment "
    "sweeps.experiment_folder sweeps.workers sweeps.tracking sweeps.study.trials sweeps.estimate sweeps.wandb_import "
    "sweeps.report sweeps.coordinator sweeps.commands.launch sweeps.commands.status sweeps.browse sweeps.dashboard",
    "optuna": "sweeps.search_space sweeps.experiment sweeps.experiment_folder sweeps.workers sweeps.estimate "
    "sweeps.tracking sweeps.tracking.wandb_schema sweeps.wandb_import sweeps.report sweeps.commands.show_plan "
    "sweeps.commands.status sweeps.commands.control",
    "wandb": "sweeps.search_space sweeps.experiment sweeps.experiment_folder sweeps.workers sweeps.study.trials "
    "sweeps.estimate sweeps.report sweeps.coordinator sweeps.commands.launch sweeps.tracking.process",
    "pymunk": "cvae.config sweeps.experiment sweeps.report",
}


@pytest.mark.parametrize(("library", "packages"), CLEAN_ROOMS.items(), ids=list(CLEAN_ROOMS))
def test_a_clean_room_stays_clean(library: str, packages: str) -> None:
    code = f"import sys\nfor name in {packages.split()!r}:\n    __import__(name)\n"
    code += f"    assert {library!r} not in sys.modules, name"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command",
    [
        ["analyze.py", "--help"],
        ["run_sweep.py", "--help"],
        ["run_sweep.py", "experiments/quickstart.yaml", "--plan", "--no-probe"],
        ["run_sweep.py", "experiments/quickstart.yaml", "--status"],
    ],
)
def test_looking_does_not_import_torch(command: list[str], tmp_path: Path) -> None:
    code = f"""
import runpy, sys
sys.argv = {command!r}
try:
    runpy.run_path({command[0]!r}, run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
print("torch" in sys.modules, "optuna" in sys.modules, "wandb" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False False"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "most_s"),
    [
        (["analyze.py", "--help"], 1.0),
        (["run_sweep.py", "experiments/quickstart.yaml", "--status"], 1.0),
        (["run_sweep.py", "experiments/quickstart.yaml", "--plan", "--no-probe"], 2.0),  # it asks scipy for its points
    ],
)
def test_looking_takes_a_moment(command: list[str], most_s: float) -> None:
    # the best of a few: the machine may be busy, the command may not
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, check=True)
        times.append(time.perf_counter() - started)
    assert min(times) < most_s
