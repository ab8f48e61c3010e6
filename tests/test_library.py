"""docs/api.md, examples and the notebook do what they say."""

import ast
import doctest
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cvae
import sweeps
from cvae.config.schema import Config
from tests.conftest import TINY
from tests.sweeps.report.planted import Planted

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api.md"


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Planted({"constant": 0.0, "cyclical": 0.4}, measured=True).write(tmp_path_factory.mktemp("library"))


def test_the_page_does_what_it_shows(cache: Path, tiny: Config, experiment: Path, tmp_path: Path) -> None:
    one = tiny.data.episode("validate", 0, 32)  # type: ignore[union-attr]
    names: dict[str, Any] = {"frames": one.frames, "actions": one.conditions[:, :4], "positions": one.conditions[:, 4:]}
    names |= {"config": TINY | {"store": str(cache)}, "folder": tmp_path / "run", "experiment": experiment}
    shown = doctest.DocTestParser().get_doctest(PAGE.read_text(), names, "docs/api.md", str(PAGE), 0)
    assert len(shown.examples) >= 11
    said: list[str] = []
    failures, tried = doctest.DocTestRunner(verbose=False).run(shown, out=said.append, clear_globs=False)
    assert (failures, tried) == (0, len(shown.examples)), "".join(said)


def test_the_page_names_all_that_is_offered_and_nothing_else() -> None:
    text = PAGE.read_text()
    offered = {f"{library.__name__}.{name}" for library in (cvae, sweeps) for name in library.__all__}
    assert set(re.findall(r"^\| `((?:cvae|sweeps)\.\w+)", text, re.MULTILINE)) == offered
    for kind in (cvae.LoadedRun, sweeps.ReadAnalysis):
        (row,) = [
            line for line in text.splitlines() if line.startswith(f"| `{kind.__module__.split('.')[0]}.{kind.__name__}")
        ]
        members = re.findall(r"`\.(\w+)", row)
        known = {*dir(kind), *kind.__dataclass_fields__}  # type: ignore[attr-defined]
        assert len(members) > 5
        assert set(members) <= known


def ran(*command: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def path_to_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.usefixtures("path_to_here")
def test_the_examples_run(experiment: Path, tmp_path: Path) -> None:
    examples = ROOT / "examples"
    assert "finished (3, 8, 32, 32, 3) spread" in ran(str(examples / "train_and_predict.py"), "out", cwd=tmp_path)
    compared = ran(str(examples / "compare_two_schedules.py"), "out", cwd=tmp_path)
    assert "cyclical against constant" in compared
    assert (tmp_path / compared.splitlines()[-1]).is_file()
    read = ran(str(examples / "read_an_experiment.py"), str(experiment), cwd=tmp_path)
    assert "cyclical is better than constant" in read
    assert (tmp_path / "differences.svg").read_text().startswith("<svg")
    assert {p.name for p in examples.glob("*.py")} == set(
        re.findall(r"examples/(\w+\.py)", (examples / "README.md").read_text())
    )


def test_the_notebook_runs_cell_by_cell(experiment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", str(experiment))
    notebook = json.loads((ROOT / "examples" / "an_experiment.ipynb").read_text())
    names: dict[str, Any] = {}
    results = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == []
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        results.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None)
    assert "cyclical is better" in results[0]._repr_html_()
    assert "<svg" in results[1]._repr_html_()
    assert len(results[2]) == 12
    assert np.isfinite([score for _, _, score in results[2]]).all()
