"""The report knows as the coordinator does which pairs a sweep still trains for."""

import pytest

from sweeps.report.analysis import analyse
from sweeps.report.comparison.open_pairs import open_pairs
from tests.sweeps.report.exact_study import ExactStudy, above, baseline

D = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]
EQUAL = [0.12, -0.31, 0.22, -0.08, 0.35, -0.27, 0.05, -0.19, 0.28, -0.14]
LOOKED = [0.55, 0.02, -0.04, 0.10, 0.32, 0.27, -0.03, 0.06, 0.30]


def asking(folder, study):
    analysis = analyse(study.write(folder))
    found = open_pairs(analysis.experiment, analysis.arms)
    assert {(pair.a, pair.b) for pair in analysis.pairs if pair.asks} == found
    return found


def test_a_pair_without_a_word_asks_and_one_with_a_word_does_not(tmp_path):
    scores = {"a": baseline(9), "b": above([1 + x for x in D[:9]]), "c": above(LOOKED)}
    assert asking(tmp_path / "study", ExactStudy(scores, planned=20, stop="sure")) == {("c", "a")}


def test_under_six_seeds_everybody_asks(tmp_path):
    study = ExactStudy({"a": baseline(5), "b": above([1 + x for x in D[:5]])}, planned=20, stop="sure")
    assert asking(tmp_path / "study", study) == {("b", "a")}


def test_a_sweep_of_planned_seeds_does_not_ask(tmp_path):
    assert asking(tmp_path / "study", ExactStudy({"a": baseline(9), "b": above(LOOKED)}, planned=20)) == set()


def test_a_pair_that_closed_without_hope_stays_closed(tmp_path):
    # After ten seeds less than one chance in ten was left; four that came for another pair's sake do not open it again.
    later = [*EQUAL, 0.6, 0.62, 0.59, 0.61]
    study = ExactStudy({"a": baseline(14), "b": above(later)}, planned=20, stop="sure")
    assert asking(tmp_path / "study", study) == set()
    hoped = ExactStudy({"a": baseline(4), "b": above(later[10:])}, planned=20, stop="sure")
    assert asking(tmp_path / "hoped", hoped) == {("b", "a")}


@pytest.mark.parametrize(("n_lost", "asks"), [(0, set()), (3, {("b", "a")})])
def test_a_winner_that_breaks_down_more_often_is_trained_on(tmp_path, n_lost, asks):
    scores = [None if i < n_lost else score for i, score in enumerate(above(D))]
    study = ExactStudy(
        {"a": baseline(10), "b": scores},
        planned=20,
        stop="sure",
        statuses={("b", i): "diverged" for i in range(n_lost)},
    )
    assert asking(tmp_path / "study", study) == asks
