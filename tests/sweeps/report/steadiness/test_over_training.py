"""The verdict after a part of the training is the rule's, on the validation scores of that time."""

import json
from pathlib import Path

import pytest

from sweeps.report import analyse
from sweeps.report.steadiness.over_training import STAGES, StageVerdict, verdicts_over_training
from tests.sweeps.report.planted import Planted


def told(folder: Path) -> dict[tuple[str, str, float], StageVerdict]:
    analysis = analyse(folder)
    return {(v.a, v.b, v.share): v for v in verdicts_over_training(analysis.experiment, analysis.pairs)}


def plant_curves(folder: Path, arm: str, advantage: dict[int, float], n_seeds: int) -> None:
    """Write validation scores: 20 + the seed's own, and an advantage from each step on."""
    for i in range(n_seeds):
        path = folder / arm / f"confirm-0-s{1000 + i}" / "epochs.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            line["val/psnr"] = 20 + 0.3 * i + 0.01 * (i % 3 - 1) * bool(advantage) + advantage.get(line["step"], 0.0)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_an_order_that_turns_round_is_seen_when_it_does(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.5}, n_seeds=8, n_trials=0, n_evals=4).write(tmp_path)
    plant_curves(folder, "a", {}, 8)
    plant_curves(folder, "b", {250: -0.4, 500: 0.0, 750: 0.3, 1000: 0.6}, 8)
    found = told(folder)
    assert [found["b", "a", share].word for share in STAGES] == ["worse", "equivalent", "better", "better"]
    assert [found["b", "a", share].n_agree for share in STAGES] == [0, 2, 8, 8]
    expected = [-0.4, 0.0, 0.3, 0.6]
    extra = sum(0.01 * (i % 3 - 1) for i in range(8)) / 8
    assert [found["b", "a", share].difference - extra for share in STAGES] == pytest.approx(expected)


def test_every_stage_rests_on_the_seeds_that_trained_to_the_end(tmp_path: Path) -> None:
    statuses = {("a", 1): "diverged"}  # it had validation scores until step 600
    folder = Planted({"a": 0.0, "b": 0.5}, n_seeds=8, n_trials=0, statuses=statuses, falls={("b", 4): 8.0}).write(
        tmp_path
    )
    assert {verdict.n for verdict in told(folder).values()} == {6}


def test_what_is_not_evaluated_yet_says_nothing(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.5}, n_seeds=6, n_trials=0, n_evals=2).write(tmp_path)
    assert sorted({share for _, _, share in told(folder)}) == [0.5, 0.75, 1.0]


def test_an_unfinished_study_has_no_such_verdicts(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.5}, n_trials=0, absent=frozenset({("b", 5)})).write(tmp_path)
    assert told(folder) == {}
