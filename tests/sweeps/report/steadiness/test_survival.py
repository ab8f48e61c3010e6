"""Kaplan and Meier's curve, against one by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.report.reading import ExperimentRecord, read_experiment
from sweeps.report.steadiness.survival import breaks_at, survivals
from tests.sweeps.report.planted import Planted


def planted(root: Path, **changes: Any) -> ExperimentRecord:
    return read_experiment(Planted({"a": 0.0, "b": 0.0}, n_trials=0, n_evals=5, **changes).write(root))


def test_the_curve_is_the_one_made_by_hand(tmp_path: Path) -> None:
    # Of six runs one is lost at 600, one still trains at 400 and one is flagged at the end.
    statuses = {("a", 0): "diverged", ("a", 1): "running"}
    folder = Planted({"a": 0.0, "b": 0.0}, n_trials=0, statuses=statuses, falls={("a", 2): 8.0}).write(tmp_path)
    for name, (step, n_lines) in {"confirm-0-s1001": (400, 2), "confirm-0-s1000": (500, 3)}.items():
        state = json.loads((folder / "a" / name / "state.json").read_text())
        (folder / "a" / name / "state.json").write_text(json.dumps(state | {"step": step}))
        lines = (folder / "a" / name / "epochs.jsonl").read_text().splitlines()[:n_lines]
        (folder / "a" / name / "epochs.jsonl").write_text("\n".join(lines) + "\n")
    a, b = survivals(read_experiment(folder))
    assert (a.n, a.n_broken, b.n, b.n_broken) == (6, 2, 6, 0)
    steps, shares = zip(*a.curve, strict=True)
    assert steps == (0, 600, 1000)
    assert shares == pytest.approx((1.0, 4 / 5, 4 / 5 * 3 / 4))  # five are watched at 600, four at the end
    assert b.curve == ((0, 1.0), (1000, 1.0))


def test_a_collapse_began_where_the_kl_fell_for_good(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0}, n_trials=0, n_seeds=1, kl=0.001).write(tmp_path)
    path = folder / "a" / "confirm-0-s1000" / "epochs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line, kl in zip(lines, (0.001, 0.5, 0.002, 0.001, 0.003), strict=True):  # low once, healed, and down for good
        line["train/kl"] = kl
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    experiment = read_experiment(folder)
    assert breaks_at(experiment, experiment.runs[0]) == 600
    assert survivals(experiment)[0].curve == ((0, 1.0), (600, 0.0), (1000, 0.0))


def test_a_run_that_lives_breaks_nowhere(tmp_path: Path) -> None:
    experiment = planted(tmp_path)
    assert [breaks_at(experiment, run) for run in experiment.runs] == [None] * 12


def test_an_arm_that_has_not_begun_is_left_out(tmp_path: Path) -> None:
    experiment = planted(tmp_path, absent=frozenset(("b", i) for i in range(6)))
    assert [survival.arm for survival in survivals(experiment)] == ["a"]
