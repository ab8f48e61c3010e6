"""The order of the packages, held by looking at what each module imports."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Left never imports right; modules of one place may import each other where Python allows it.
ORDER = [
    [
        "cvae.errors",
        "cvae.command",
        "cvae.yaml_file",
        "cvae.overrides",
        "cvae.provenance",
        "cvae.mistakes",
        "cvae.presets",
        "cvae.sizes",
    ],
    ["cvae.schedules", "cvae.data"],
    ["cvae.config"],
    ["cvae.record", "cvae.batches", "cvae.device", "cvae.reference", "cvae.accounting"],
    ["cvae.model", "cvae.losses", "cvae.metrics", "cvae.baselines", "cvae.flags", "cvae.frames", "cvae.palette"],
    ["cvae.chunks", "cvae.weight_files"],
    ["cvae.regularisers", "cvae.evaluate", "cvae.lpips", "cvae.fvd", "cvae.latents", "cvae.portraits"],
    ["cvae.sampling", "cvae.disturbances", "cvae.feed", "cvae.ledger", "cvae.trainer"],
    ["cvae.failures", "cvae.full_evaluation", "cvae.showing", "cvae.final_evaluation"],
    ["cvae.run", "cvae.evaluate_run", "cvae.train"],
    ["sweeps.disk", "sweeps.words"],
    ["sweeps.dimension", "sweeps.space", "sweeps.sobol", "sweeps.points", "sweeps.grid", "sweeps.options"],
    ["sweeps.experiment", "sweeps.plan"],
    ["sweeps.output", "sweeps.tracking"],
    ["sweeps.ledger", "sweeps.slots", "sweeps.policy", "sweeps.waiting", "sweeps.tally", "sweeps.attempt"],
    ["sweeps.chronicle", "sweeps.failures"],
    ["sweeps.samplers", "sweeps.pruning", "sweeps.storage", "sweeps.study", "sweeps.trials"],
    ["sweeps.collapse", "sweeps.launch", "sweeps.launcher", "sweeps.planning", "sweeps.origin"],
    ["sweeps.control", "sweeps.forecast", "sweeps.probe", "sweeps.estimate", "sweeps.status"],
    ["sweeps.endings"],
    ["sweeps.worker", "sweeps.coordinator"],
    ["sweeps.progress", "sweeps.browse", "sweeps.dashboard"],
    ["sweeps.session"],
    ["sweeps.report"],
]


def place(module: str) -> int | None:
    for i, names in enumerate(ORDER):
        if any(module == name or module.startswith(f"{name}.") for name in names):
            return i
    return None


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports when it is loaded (imports inside functions are put off on purpose)."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


FILES = [p for package in ("cvae", "sweeps") for p in sorted((ROOT / package).rglob("*.py"))]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_every_module_has_its_place() -> None:
    assert len(FILES) > 40
    assert [m for m in map(module_of, FILES) if place(m) is None and m not in ("cvae", "sweeps")] == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_left_never_imports_right(path: Path) -> None:
    own = place(module_of(path))
    wrong = {m for m in imports_of(path) if (p := place(m)) is not None and own is not None and p > own}
    assert wrong == set()


@pytest.mark.parametrize("path", [p for p in FILES if "cvae" in p.parts], ids=module_of)
def test_the_trainer_knows_nothing_of_studies(path: Path) -> None:
    whole = path.read_text()
    assert not {m for m in imports_of(path) if m.split(".")[0] in ("sweeps", "optuna", "wandb")}
    assert "import optuna" not in whole
    assert "import wandb" not in whole


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
    "command", [["analyze.py", "--help"], ["run_sweep.py", "experiments/quickstart.yaml", "--plan"]]
)
def test_looking_takes_less_than_a_second(command: list[str]) -> None:
    # the best of a few: the machine may be busy, the command may not
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, check=True)
        times.append(time.perf_counter() - started)
    assert min(times) < 1.0
