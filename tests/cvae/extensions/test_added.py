"""A package that is installed beside this one adds a source, a metric and a model, without a fork."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from cvae.config.schema import build_config
from cvae.config.yaml_file import dump_yaml
from cvae.data.sources import BUILT_IN
from cvae.errors import InputError
from cvae.evaluation.metrics.image_metrics import METRICS
from cvae.extensions.added import RESERVED, added
from sweeps.experiment.metrics.final_numbers import FINAL_NUMBERS
from tests.conftest import TINY

ROOT = Path(__file__).parents[3]

PACKAGE = ROOT / "tests" / "example_package"

Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Run Python in a folder, the example package installed."""
    site, project = tmp_path / "site", tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    info = site / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (site / "stripes.py").write_text((PACKAGE / "stripes.py").read_text())
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    environment = os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def values(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    model = TINY["model"] | {"network": "narrow", "use_positions": False, "width": 0.25}
    told = {"store": str(tmp_path / "store"), "data": {"source": "stripes"}, "model": model}
    return TINY | told | changes


def test_a_run_uses_all_three(call: Call, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(dump_yaml(values(tmp_path)))
    done = call("-m", "cvae.train", "run.yaml", "--out", "run")
    assert done.returncode == 0, done.stderr
    clips = np.load(tmp_path / "run" / "clips.npz")
    assert clips["mae"].shape == clips["psnr"].shape == (8, 4)
    assert (clips["mae"] ** 2 <= clips["mse"] + 1e-9).all()  # the mean of |x|, squared, is at most that of x^2
    state = json.loads((tmp_path / "run" / "state.json").read_text())
    assert state["final"]["val/mae"] == pytest.approx(clips["mae"].mean())
    (tmp_path / "half.yaml").write_text(dump_yaml(values(tmp_path, model=TINY["model"] | {"use_positions": False})))
    assert call("-m", "cvae.train", "half.yaml", "--out", "half").returncode == 0
    assert json.loads((tmp_path / "half" / "state.json").read_text())["n_parameters"] == state["n_parameters"]


def test_an_experiment_may_be_decided_by_an_added_metric(call: Call, tmp_path: Path) -> None:
    experiment = {
        "name": "added",
        "metric": {"name": "val/mae"},
        "base": values(tmp_path),
        "arms": {"a": {}, "b": {"beta": 0.01}},
        "confirm": {"seeds": 2},
    }
    (tmp_path / "added.yaml").write_text(dump_yaml(experiment))
    done = call(str(ROOT / "run_sweep.py"), "added.yaml", "--slots", "1", "--tracker", "disabled", "--output", "plain")
    assert done.returncode == 0, done.stderr
    report = call(str(ROOT / "analyze.py"), "added", "--no-pictures")
    assert report.returncode == 0, report.stderr
    verdict = json.loads((tmp_path / "runs" / "added" / "report" / "verdict.json").read_text())
    assert (verdict["metric"]["name"], verdict["metric"]["direction"]) == ("val/mae", "minimize")


def test_what_cannot_be_loaded_is_named_when_it_is_asked_for_and_not_before(call: Call, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(dump_yaml(values(tmp_path, data={"source": "broken"})))
    done = call("-m", "cvae.train", "run.yaml", "--out", "run")
    assert done.returncode == 2
    assert "data.source is 'broken'; allowed: 'bair'" in done.stderr
    assert "'broken' of the package stripes cannot be used: AttributeError" in done.stderr
    assert "stripes" in call("-m", "cvae.config").stdout


def test_the_names_of_this_project_are_known() -> None:
    assert RESERVED["cvae.sources"] == {get_args(kind.model_fields["source"].annotation)[0] for kind in BUILT_IN}
    ours = {name for name in (*METRICS, *FINAL_NUMBERS) if name not in added("cvae.metrics").objects}
    assert RESERVED["cvae.metrics"] == ours


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in RESERVED for name in sorted(RESERVED[group])])
def test_what_has_a_name_of_this_project_is_refused(group: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name, "stripes:whatever", group)
    module = sys.modules["cvae.extensions.added"]  # the package shows the function of that name
    monkeypatch.setattr(module, "named", lambda asked: {name: point} if asked == group else {})
    with pytest.raises(InputError, match=rf"t: '{name}' of stripes:whatever \(entry points {group}\) has the name of"):
        build_config({}, "t")
    assert name in added.__wrapped__(group).faults  # nor is it used


def test_looking_at_what_is_added_loads_no_torch(call: Call) -> None:
    code = "import sys, cvae.config, sweeps.experiment; print('stripes' in sys.modules, 'torch' in sys.modules)"
    assert call("-c", code).stdout == "True False\n"


def test_a_model_that_nobody_adds_is_refused() -> None:
    with pytest.raises(InputError, match=r"model\.network is 'svgg': there is no such model; did you mean 'svg'\?"):
        build_config({"model": {"network": "svgg"}}, "t")
