"""The experiment file as the report reads it: what was searched, by the names that the runs' parameters have."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cvae.errors import InputError
from sweeps.report.figures.search_space import condition_of
from sweeps.report.reading.experiment_folder import load_plan
from sweeps.search_space import Choice, ConditionalChoice, FloatRange, IntRange

KL = {
    "choice": {
        "constant": {"mode": "constant"},
        "cyclical": {"mode": "cyclical", "search": {"n_cycles": {"int": [2, 8]}}},
        "control": {"mode": "control", "search": {"target": {"float": [1.0, 50.0], "log": True}}},
    }
}


def plan_file(root: Path, search: dict[str, Any], of_arm: dict[str, Any]) -> Path:
    path = root / "experiment.yaml"
    metric = {"name": "val/psnr", "direction": "maximize", "margin": 0.1}
    path.write_text(yaml.safe_dump({"metric": metric, "search": search, "arms": {"a": {"search": of_arm}, "b": None}}))
    return path


def test_a_space_is_read_as_its_parameters(tmp_path: Path) -> None:
    # the names are those of run.json: a variant's parameters carry the variant's name
    plan = load_plan(plan_file(tmp_path, {"beta": {"float": [0, 1]}}, {"kl_anneal": KL, "rnn": {"choice": [64, 128]}}))
    assert {name: type(dimension) for name, dimension in plan.spaces["a"].items()} == {
        "beta": FloatRange,
        "kl_anneal": ConditionalChoice,
        "kl_anneal.cyclical.n_cycles": IntRange,
        "kl_anneal.control.target": FloatRange,
        "rnn": Choice,
    }
    assert list(plan.spaces["b"]) == ["beta"]
    assert plan.spaces["a"]["kl_anneal.control.target"] == FloatRange(bounds=[1.0, 50.0], log=True)
    assert condition_of(plan, "kl_anneal.cyclical.n_cycles") == "kl_anneal = cyclical"
    assert condition_of(plan, "kl_anneal") == condition_of(plan, "beta") == ""


@pytest.mark.parametrize(
    ("search", "fault"),
    [
        ({"beta": 3}, "is no dimension"),
        ({"beta": {"float": [1.0]}}, "search.beta"),
        ({"beta": {"float": [1.0, 0.0]}}, "an empty range"),
        ({"kl_anneal": {"choice": {"a": {"search": {"target": "wide"}}}}}, "is no dimension"),
    ],
)
def test_a_search_that_is_none_is_refused_by_name(tmp_path: Path, search: dict[str, Any], fault: str) -> None:
    with pytest.raises(InputError, match=fault) as refusal:
        load_plan(plan_file(tmp_path, search, {}))
    assert str(tmp_path / "experiment.yaml") in str(refusal.value)
