"""Several tunings: a pair's values are its tunings, and the first line says what it speaks of."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
from scipy.stats import t as student

from cvae.record.run_folder import RunFolder
from sweeps.report.analysis import Analysis, analyse
from sweeps.report.comparison.blocks import open_pairs
from sweeps.report.output.write import render_files
from tests.sweeps.report.exact_study import ExactStudy, above, baseline
from tests.sweeps.report.planted import Planted

#: What a's seeds lose: tuning r has the seeds r and r + 6.
FALLS = {("a", i): [0.3, 0.1, 0.5, 0.2, 0.4, 0.6, 0.5, 0.1, 0.1, 0.0, 0.2, 0.6][i] for i in range(12)}
BY_TUNING = [0.4, 0.1, 0.3, 0.1, 0.3, 0.6]  # b - a: their means


def planted(tmp_path: Path, **more: object) -> Analysis:
    values = {"n_seeds": 12, "n_trials": 24, "n_tunings": 6, "seed_sd": 0.2, "noise_sd": 0.0, "falls": FALLS}
    return analyse(Planted({"a": 0.0, "b": 0.0}, **values | more).write(tmp_path))  # type: ignore[arg-type]


def test_a_pair_is_judged_by_its_tunings(tmp_path: Path) -> None:
    analysis = planted(tmp_path)
    (pair,) = analysis.pairs
    half = float(student.ppf(0.975, 5)) * stdev(BY_TUNING) / math.sqrt(6)
    assert (pair.test.n, pair.test.difference) == (6, pytest.approx(fmean(BY_TUNING), abs=1e-9))
    assert pair.test.interval == pytest.approx((fmean(BY_TUNING) - half, fmean(BY_TUNING) + half), abs=1e-9)
    assert pair.verdict == "better"
    assert "6 paired tunings" in analysis.headline
    assert analysis.headline.endswith("each arm tuned with 4 trials, 6 times.")
    arm = analysis.arms[0].confirmed
    assert arm.n == 6
    assert arm.mean == pytest.approx(fmean(analysis.arms[0].by_seed.values()))


def test_one_tuning_is_said_to_speak_of_what_it_chose(tmp_path: Path) -> None:
    analysis = planted(tmp_path, n_tunings=1)
    assert analysis.pairs[0].test.n == 12
    assert analysis.headline.endswith("12 paired seeds); with the configurations that tune chose.")
    untuned = analyse(Planted({"a": 0.0, "b": 0.4}, n_trials=0).write(tmp_path / "untuned"))
    assert "tune" not in untuned.headline


@pytest.mark.parametrize("n_tunings", [1, 6])
def test_a_tuning_that_chose_nothing_broke_down_and_is_not_waited_for(n_tunings: int, tmp_path: Path) -> None:
    values = {"n_seeds": 12, "n_trials": 24, "n_tunings": n_tunings, "seed_sd": 0.2, "falls": FALLS}
    folder = Planted({"a": 0.0, "b": 0.0}, **values).write(tmp_path)  # type: ignore[arg-type]
    for path in folder.glob("b/tune-*"):
        if int(path.name[-3:]) % n_tunings == 0:
            state = RunFolder(path).read_state()
            RunFolder(path).write_state(replace(state, status="diverged", final=None, flags=None))
    for path in folder.glob("b/confirm-0-*"):
        shutil.rmtree(path)
    analysis = analyse(folder)
    (pair,) = analysis.pairs
    lost = 12 // n_tunings
    assert (pair.breakdowns.n, pair.breakdowns.a, pair.breakdowns.b) == (12, lost, 0)  # a of the pair is the later arm
    assert pair.test.n == (5 if n_tunings > 1 else 0)
    assert pair.left_out == tuple(
        f"seed {1000 + i}: b not tuned: no trial ended with a score" for i in range(0, 12, n_tunings)
    )
    assert analysis.experiment.is_complete
    assert "So far" not in analysis.headline
    assert f"broke down: a at 0 of 12 (at most 22%) and b at {lost} of 12" in analysis.headline


def test_a_breakdown_leaves_its_seed_and_not_its_tuning(tmp_path: Path) -> None:
    analysis = planted(tmp_path, statuses={("a", 6): "diverged", ("b", 1): "failed", ("a", 7): "failed"})
    (pair,) = analysis.pairs
    # tuning 0 keeps its seed 0; tuning 1 has lost seed 1 in b and seed 7 in a, and no difference is left
    assert pair.test.n == 5
    assert pair.test.difference == pytest.approx(fmean([0.3, *BY_TUNING[2:]]), abs=1e-9)
    assert (pair.breakdowns.n, pair.breakdowns.a, pair.breakdowns.b) == (12, 1, 2)
    assert pair.verdict == "undecided"  # fewer than six
    assert pair.word_chances == ()  # no tuning can be added


def test_the_variance_from_tuning_to_tuning_is_a_row_of_its_own(tmp_path: Path) -> None:
    analysis = planted(tmp_path)
    scores = [
        np.array([[arm.by_seed[1000 + r], arm.by_seed[1006 + r]] for r in range(6)])  # (tunings, seeds)
        for arm in analysis.arms
    ]
    within = fmean(s.var(axis=1, ddof=1).mean() for s in scores)
    between = fmean(s.mean(axis=1).var(ddof=1) for s in scores)
    assert analysis.variance.seed == pytest.approx(math.sqrt(within))
    assert analysis.variance.tuning == pytest.approx(math.sqrt(max(0.0, between - within / 2)))
    assert planted(tmp_path / "once", n_tunings=1).variance.tuning is None


def test_the_spread_of_what_tunings_chose_is_had_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    chose = {(arm, r): float(rng.normal(0, 1.0)) for arm in "ab" for r in range(60)}
    falls = {(arm, i): chose[arm, i % 60] for arm in "ab" for i in range(120)}
    analysis = planted(
        tmp_path, n_seeds=120, n_trials=60, n_tunings=60, n_evals=1, seed_sd=0.0, noise_sd=0.3, falls=falls
    )
    assert analysis.variance.tuning == pytest.approx(1.0, abs=0.2)
    assert analysis.variance.seed == pytest.approx(0.3, abs=0.08)


def test_the_page_and_the_file_say_so(tmp_path: Path) -> None:
    analysis = planted(tmp_path, n_evals=2, measured=True)
    files = {Path(name).name: body for name, body in render_files(analysis).items()}
    verdict = json.loads(files["verdict.json"])
    assert verdict["seeds"]["replicates"] == 6
    assert verdict["variance"]["tuning"] == analysis.variance.tuning
    assert verdict["pairs"][0]["over_clips"]["n_seeds"] == 12
    page = next(body for name, body in files.items() if name.endswith(".html"))
    text = page if isinstance(page, str) else page.decode()
    assert "of the tuned configuration, from tuning to tuning" in text
    assert "6 tunings" in text


def test_clips_are_paired_by_tunings_too(tmp_path: Path) -> None:
    by_tuning, by_seed = (planted(tmp_path / str(n), n_tunings=n, n_evals=1, measured=True) for n in (6, 1))
    ours, theirs = by_tuning.pairs[0].clips, by_seed.pairs[0].clips
    assert ours is not None and theirs is not None  # noqa: PT018
    assert ours.difference == pytest.approx(theirs.difference)  # as many seeds in every tuning
    assert ours.two_way != theirs.two_way


# Which pairs a sweep that stops when it is sure still trains for: as the coordinator decides.

D = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]
EQUAL = [0.12, -0.31, 0.22, -0.08, 0.35, -0.27, 0.05, -0.19, 0.28, -0.14]
LOOKED = [0.55, 0.02, -0.04, 0.10, 0.32, 0.27, -0.03, 0.06, 0.30]


def asking(folder: Path, study: ExactStudy) -> set[tuple[str, str]]:
    analysis = analyse(study.write(folder))
    found = open_pairs(analysis.experiment, analysis.arms, is_as_planned=True)
    assert {(pair.a, pair.b) for pair in analysis.pairs if pair.asks} == found
    return found


def test_a_pair_without_a_word_asks_and_one_with_a_word_does_not(tmp_path: Path) -> None:
    scores = {"a": baseline(9), "b": above([1 + x for x in D[:9]]), "c": above(LOOKED)}
    assert asking(tmp_path / "study", ExactStudy(scores, planned=20, stop="sure")) == {("c", "a")}


def test_under_six_seeds_everybody_asks(tmp_path: Path) -> None:
    study = ExactStudy({"a": baseline(5), "b": above([1 + x for x in D[:5]])}, planned=20, stop="sure")
    assert asking(tmp_path / "study", study) == {("b", "a")}


def test_a_sweep_of_planned_seeds_does_not_ask(tmp_path: Path) -> None:
    assert asking(tmp_path / "study", ExactStudy({"a": baseline(9), "b": above(LOOKED)}, planned=20)) == set()


def test_a_pair_that_closed_without_hope_stays_closed(tmp_path: Path) -> None:
    # After ten seeds less than one chance in ten was left; four that came for another pair's sake do not open it again.
    later = [*EQUAL, 0.6, 0.62, 0.59, 0.61]
    study = ExactStudy({"a": baseline(14), "b": above(later)}, planned=20, stop="sure")
    assert asking(tmp_path / "study", study) == set()
    hoped = ExactStudy({"a": baseline(4), "b": above(later[10:])}, planned=20, stop="sure")
    assert asking(tmp_path / "hoped", hoped) == {("b", "a")}


@pytest.mark.parametrize(("n_lost", "asks"), [(0, set()), (3, {("b", "a")})])
def test_a_winner_that_breaks_down_more_often_is_trained_on(
    tmp_path: Path, n_lost: int, asks: set[tuple[str, str]]
) -> None:
    scores: list[float | None] = [None if i < n_lost else score for i, score in enumerate(above(D))]
    study = ExactStudy(
        {"a": baseline(10), "b": scores},
        planned=20,
        stop="sure",
        statuses={("b", i): "diverged" for i in range(n_lost)},
    )
    assert asking(tmp_path / "study", study) == asks


def test_a_block_that_has_not_ended_is_not_looked_at(tmp_path: Path) -> None:
    # a's fourth seed still trains: it has not broken down, and the looks after it have not come.
    a = [None if i == 3 else score for i, score in enumerate(baseline(7))]
    study = ExactStudy({"a": a, "b": above([1 + x for x in D[:7]])}, planned=20, stop="sure")
    assert asking(tmp_path / "study", study) == {("b", "a")}
    ended = ExactStudy(study.scores, planned=20, stop="sure", statuses={("a", 3): "diverged"})
    assert asking(tmp_path / "ended", ended) == set()
