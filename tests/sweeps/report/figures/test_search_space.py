"""Parameters that only some trials have: those that a chosen option of the search brings with it."""

import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from sweeps.report.analysis import Analysis, analyse
from sweeps.report.figures.search_space import tuned_parameters
from sweeps.report.output.write import render_files
from tests.sweeps.report.planted import Planted

KL = {
    "choice": {
        "constant": {"mode": "constant"},
        "cyclical": {"mode": "cyclical", "search": {"n_cycles": {"int": [2, 8]}}},
        "control": {"mode": "control", "search": {"target": {"float": [1.0, 50.0], "log": True}}},
    }
}
CHOSEN = [
    {"kl_anneal": "constant"},
    {"kl_anneal": "cyclical", "kl_anneal.cyclical.n_cycles": 5},
    {"kl_anneal": "control", "kl_anneal.control.target": 1.01},
]


@pytest.fixture
def conditional(tmp_path: Path) -> Analysis:
    """A search in one arm; trial k chose option k, confirm runs took the last, whose target is at its lower bound."""
    folder = Planted({"all": 0.0}).write(tmp_path)
    written = yaml.safe_load((folder / "experiment.yaml").read_text())
    written["search"] = {"optim.lr": written["search"]["optim.lr"], "kl_anneal": KL}
    (folder / "experiment.yaml").write_text(yaml.safe_dump(written))
    for path in folder.glob("*/*/run.json"):
        identity = json.loads(path.read_text())
        number = identity["number"] if identity["phase"] == "tune" else 2
        identity["params"] = {"optim.lr": 1e-3, **CHOSEN[number]}
        path.write_text(json.dumps(identity))
    return analyse(folder)


def test_every_parameter_has_a_figure_of_the_trials_that_have_it(conditional: Analysis) -> None:
    figures = {figure.title: figure for figure in tuned_parameters(conditional.experiment)}
    rows = {title: [row for data in f.spec["datasets"].values() for row in data] for title, f in figures.items()}
    assert {title: len(of_figure) for title, of_figure in rows.items()} == {
        "optim.lr": 3,
        "kl_anneal": 3,
        "kl_anneal.cyclical.n_cycles": 1,
        "kl_anneal.control.target": 1,
    }
    assert figures["kl_anneal.control.target"].caption == "Trials with kl_anneal = control."
    assert figures["kl_anneal"].caption == ""


def test_the_table_leaves_empty_what_a_run_does_not_have(conditional: Analysis) -> None:
    rows = list(csv.DictReader(io.StringIO(render_files(conditional, pictures=False)["tables/runs.csv"].decode())))
    tune = [row for row in rows if row["phase"] == "tune"]
    assert [row["params.kl_anneal"] for row in tune] == ["constant", "cyclical", "control"]
    assert [row["params.kl_anneal.cyclical.n_cycles"] for row in tune] == ["", "5", ""]
    assert [row["params.kl_anneal.control.target"] for row in tune] == ["", "", "1.01"]


def test_the_edge_of_an_options_own_range_is_noticed(conditional: Analysis) -> None:
    check = next(g for g in conditional.checks if g.title == "The search space was wide enough")
    assert "kl_anneal.control.target = 1.01 in [1, 50]" in check.detail
    assert "n_cycles" not in check.detail
