"""A verdict seed by seed (or tuning by tuning), and without each of them, against scipy and planted numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from sweeps.csv_import import ScoreMeaning, import_csv
from sweeps.decision import look_interval
from sweeps.report import analyse
from sweeps.report.analysis import Analysis
from sweeps.report.figures.history import seed_by_seed
from sweeps.report.steadiness.over_blocks import block_steps, without_each_block
from sweeps.report.steadiness.sentences import steadiness_sentences
from tests.sweeps.report.planted import Planted

#: A pair that was nobody's, and looked better at the ninth seed.
LOOKED = (0.55, 0.02, -0.04, 0.10, 0.32, 0.27, -0.03, 0.06, 0.30, 0.09, 0.41, -0.01, -0.10, 0.13, -0.15, -0.20, -0.37,
          -0.64, 0.04, -0.15)  # fmt: skip


def study(root: Path, *arms: tuple[float, ...], direction: str = "maximize") -> Analysis:
    """An arm a, and one above it by each of some differences."""
    base = [21 + 0.1 * (7 * i % 10) for i in range(len(arms[0]))]
    names = ["seed", "a", *(f"b{k}" for k in range(len(arms)))]
    rows = [[500 + i, a, *(a + d[i] for d in arms)] for i, a in enumerate(base)]
    (root / "pairs.csv").write_text("\n".join(",".join(map(str, row)) for row in (names, *rows)))
    return analyse(import_csv(root / "pairs.csv", root / "study", ScoreMeaning("psnr", direction, 0.1)))


def test_each_step_has_the_interval_of_its_seeds(tmp_path: Path) -> None:
    analysis = study(tmp_path, LOOKED)
    steps = block_steps(analysis.experiment, analysis.arms, analysis.pairs)
    assert [(step.n, step.block) for step in steps] == [(n, 499 + n) for n in range(1, 21)]
    assert steps[0].interval is None
    assert steps[4].looks is None
    for step in steps[1:]:
        d = np.array(LOOKED[: step.n])
        expected = scipy.stats.t.interval(0.95, step.n - 1, d.mean(), scipy.stats.sem(d))
        assert step.interval == pytest.approx(expected, abs=1e-12)
    assert steps[8].interval == pytest.approx(
        (0.019125, 0.325319), abs=5e-7
    )  # leaves out zero: whoever stopped here erred
    assert steps[8].looks == pytest.approx((-0.080091, 0.424536), abs=5e-5)
    assert {step.word for step in steps} == {"undecided"}


@pytest.mark.parametrize(("direction", "word"), [("maximize", "better"), ("minimize", "worse")])
def test_a_word_is_of_the_first_arm(direction: str, word: str, tmp_path: Path) -> None:
    analysis = study(tmp_path, (0.9, 1.1, 1.0, 0.85, 1.2, 0.95), direction=direction)
    steps = block_steps(analysis.experiment, analysis.arms, analysis.pairs)
    assert [step.word for step in steps] == ["undecided"] * 5 + [word]


def test_a_word_that_hangs_on_one_seed_is_found(tmp_path: Path) -> None:
    differences = (0.30, 0.28, 0.35, 0.31, 0.33, 0.29, 0.32, -0.60)
    analysis = study(tmp_path, differences)
    without = without_each_block(analysis.experiment, analysis.pairs)
    assert [out.block for out in without] == [500 + i for i in range(8)]
    for i, out in enumerate(without):
        assert out.difference == pytest.approx(np.delete(differences, i).mean(), abs=1e-12)
    assert analysis.pairs[0].verdict == "undecided"
    assert [out.word for out in without] == ["undecided"] * 7 + ["better"]


def test_what_six_seeds_said_is_not_asked_of_five(tmp_path: Path) -> None:
    analysis = study(tmp_path, (0.9, 1.1, 1.0, 0.85, 1.2, 0.95))
    assert analysis.pairs[0].verdict == "better"
    assert without_each_block(analysis.experiment, analysis.pairs) == []


def test_many_pairs_are_not_gone_through(tmp_path: Path) -> None:
    analysis = study(tmp_path, *[tuple(0.1 * k + 0.01 * (i * k % 5) for i in range(7)) for k in range(1, 5)])
    assert len(analysis.pairs) == 10
    assert block_steps(analysis.experiment, analysis.arms, analysis.pairs) == []
    assert without_each_block(analysis.experiment, analysis.pairs) == []


#: Arm b lies above a by these, from tuning to tuning; each has the seeds r and r + 7, which lie apart by 0.4.
BY_TUNING = (0.30, 0.28, 0.35, 0.31, 0.33, 0.29, -0.60)
APART = {("a", i): BY_TUNING[i % 7] + (0.2 if i < 7 else -0.2) for i in range(14)}


def tuned_seven_times(root: Path) -> Analysis:
    planted = Planted({"a": 0.0, "b": 0.0}, 14, n_trials=14, n_tunings=7, n_evals=1, noise_sd=0.0, falls=APART)
    return analyse(planted.write(root))


def test_with_several_tunings_each_is_a_step(tmp_path: Path) -> None:
    analysis = tuned_seven_times(tmp_path)
    steps = block_steps(analysis.experiment, analysis.arms, analysis.pairs)
    assert [(step.n, step.block) for step in steps] == [(n + 1, n) for n in range(7)]
    for step in steps[1:]:
        d = np.array(BY_TUNING[: step.n])
        expected = scipy.stats.t.interval(0.95, step.n - 1, d.mean(), scipy.stats.sem(d))
        assert step.interval == pytest.approx(expected, abs=1e-9)
    looks = look_interval(BY_TUNING, 7, 1)
    assert steps[-1].looks == pytest.approx(looks, abs=1e-9)
    (figure,) = seed_by_seed(analysis)
    assert "paired tunings" in json.dumps(figure.spec)


def test_with_several_tunings_each_is_left_out_with_its_seeds(tmp_path: Path) -> None:
    analysis = tuned_seven_times(tmp_path)
    assert analysis.pairs[0].verdict == "undecided"
    without = without_each_block(analysis.experiment, analysis.pairs)
    assert [out.block for out in without] == list(range(7))
    for i, out in enumerate(without):
        assert out.difference == pytest.approx(np.delete(BY_TUNING, i).mean(), abs=1e-9)
    assert [out.word for out in without] == ["undecided"] * 6 + ["better"]
    (sentence,) = steadiness_sentences(analysis.experiment, analysis.pairs)
    assert "undecided, but better without tuning 6" in sentence
    assert "pairing by tuning was worth" in sentence
    assert "seed" not in sentence


def test_a_block_left_out_costs_a_word_and_no_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # else a study of n seeds is compared n times, with its resamples and its clips
    analysis = study(tmp_path, (0.30, 0.28, 0.35, 0.31, 0.33, 0.29, 0.32, -0.60))

    def compared(*arguments: object) -> None:
        raise AssertionError("compared anew")

    monkeypatch.setattr("sweeps.report.comparison.compare._pair_result", compared)
    assert len(without_each_block(analysis.experiment, analysis.pairs)) == 8
