"""What may be loaded without a library: looking at a sweep must not wait for what training needs."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules_below(*packages: str, but: tuple[str, ...] = ()) -> list[str]:
    """Every module of some packages, by name, but some."""
    found = []
    for package in packages:
        folder = ROOT / package.replace(".", "/")
        for path in sorted(folder.rglob("*.py")) or [folder.with_suffix(".py")]:
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            is_left_out = any(f"{module}.".startswith(f"{other}.") for other in but)
            if path.name != "__main__.py" and not is_left_out:
                found.append(module)
    return found


WITHOUT_WANDB = (
    "search_space", "experiment", "experiment_folder", "workers", "estimate", "report", "study.trials", "coordinator",
    "commands", "tracking.wandb_schema", "tracking.process", "wandb_import", "imported_experiment", "csv_import",
)  # fmt: skip
WITHOUT_OPTUNA = (
    "search_space", "experiment", "experiment_folder", "workers", "estimate", "tracking", "report",
    "imported_experiment", "csv_import",
)  # fmt: skip

#: Library -> modules that must be importable without it.
CLEAN_ROOMS = {
    "torch": modules_below(
        *("cvae.schedules", "cvae.data", "cvae.config", "cvae.record", "sweeps"),
        but=("sweeps.worker", "sweeps.fork_server", "sweeps.dashboard"),
    ),
    "optuna": [
        *modules_below(*(f"sweeps.{folder}" for folder in WITHOUT_OPTUNA), "sweeps.wandb_import"),
        "sweeps.commands.show_plan",
        "sweeps.commands.status",
        "sweeps.commands.control",
    ],
    "wandb": modules_below("cvae", *(f"sweeps.{folder}" for folder in WITHOUT_WANDB)),
    "pymunk": ["cvae.config", "sweeps.experiment", "sweeps.report"],
}


@pytest.mark.parametrize("library", CLEAN_ROOMS)
def test_a_clean_room_stays_clean(library: str) -> None:
    modules = CLEAN_ROOMS[library]
    code = f"import sys\nfor name in {modules!r}:\n    __import__(name)\n"
    code += f"    assert {library!r} not in sys.modules, name"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert len(modules) >= 3
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


def test_help_loads_hardly_anything() -> None:
    code = """
import sys
from sweeps.doors.sweep_command import app
try:
    app(["--help"])
except SystemExit:
    print({"pydantic", "numpy", "scipy", "yaml"} & {*sys.modules})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "most_s"),
    [
        (["run_sweep.py", "--help"], 1.0),
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
