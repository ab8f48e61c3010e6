"""The rule for looking, against worked numbers and by simulation."""

import numpy as np
import pytest
from scipy.stats import norm, t

from sweeps.decision.looks import (
    LEAST_CHANCE,
    anytime_evidence,
    anytime_interval,
    asks_for_more,
    chance_of_word,
    first_word,
    look_constant,
    look_interval,
    read_word,
)

EFFECT = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]
EQUAL = [0.12, -0.31, 0.22, -0.08, 0.35, -0.27, 0.05, -0.19, 0.28, -0.14]
SAME = [0.05, -0.04, 0.02, -0.06, 0.07, 0.01, -0.03, 0.04, -0.05, 0.03]
BEYOND = [0.9, 1.1, 1.0, 0.85, 1.2, 0.95]
LOOKED = [0.55, 0.02, -0.04, 0.10, 0.32, 0.27, -0.03, 0.06, 0.30]


@pytest.mark.parametrize(
    ("differences", "low", "high", "word"),
    [
        (BEYOND, 0.686307, 1.313693, "above"),
        (EFFECT, 0.146994, 0.473006, "above"),
        ([-d for d in EFFECT], -0.473006, -0.146994, "below"),
        (SAME, -0.046903, 0.054903, "equivalent"),
        (EQUAL, -0.258499, 0.264499, "undecided"),
        (LOOKED, -0.080091, 0.424536, "undecided"),
    ],
)
def test_worked_looks_of_twenty_planned(differences: list[float], low: float, high: float, word: str) -> None:
    interval = look_interval(differences, 20, 1)
    assert interval == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
    assert read_word(interval, 0.1) == word


def test_one_look_at_the_last_planned_seed_is_students_interval_for_all_pairs() -> None:
    for n_pairs in (1, 3):
        low, high = look_interval(BEYOND, 6, n_pairs) or (0, 0)
        half = t.ppf(1 - 0.025 / n_pairs, 5) * np.std(BEYOND, ddof=1) / np.sqrt(6)
        assert (high - low) / 2 == pytest.approx(half, rel=1e-3)


def test_chances_of_a_word() -> None:
    assert chance_of_word(EQUAL, 20, 20, 1, 0.1) == pytest.approx(0.0346, abs=1e-4)
    assert chance_of_word(LOOKED, 20, 20, 1, 0.1) == pytest.approx(0.8761, abs=1e-4)
    assert not asks_for_more(EQUAL, 20, 1, 0.1)  # stops: less than a chance in ten
    assert asks_for_more(LOOKED, 20, 1, 0.1)
    assert asks_for_more(EQUAL[:5], 20, 1, 0.1)  # five pairs have no word
    assert not asks_for_more(BEYOND, 20, 1, 0.1)
    assert LEAST_CHANCE == 0.1


def test_a_chance_of_a_word_is_how_often_one_comes() -> None:
    # Draw the mean from what ten differences say of it, then ten more seeds.
    rng, n, at = np.random.default_rng(0), 10, 20
    mean, sd = np.mean(LOOKED), np.std(LOOKED, ddof=1)
    z = (np.array(EQUAL) - np.mean(EQUAL)) / np.std(EQUAL, ddof=1)
    sample = (0.12 + z * 0.2).tolist()
    told = chance_of_word(sample, at, 20, 1, 0.1)
    came = 0
    for _ in range(4000):
        sigma = 0.2  # the spread is taken as it is
        truth = 0.12 + rng.standard_t(n - 1) * sigma / np.sqrt(n)
        new_mean = (0.12 * n + rng.normal(truth, sigma, at - n).sum()) / at
        half = -t.ppf(norm.cdf(-look_constant(20, 1)), at - 1) * sigma / np.sqrt(at)
        came += read_word((new_mean - half, new_mean + half), 0.1) != "undecided"
    assert told == pytest.approx(came / 4000, abs=0.03)
    assert (mean, sd) == (pytest.approx(0.172222, abs=1e-6), pytest.approx(0.199, abs=1e-3))


def test_the_anytime_interval_and_its_evidence() -> None:
    assert anytime_evidence(LOOKED) == pytest.approx(3.428187, abs=1e-6)
    assert anytime_evidence(EFFECT) == pytest.approx(355.264734, abs=1e-5)
    assert anytime_interval(LOOKED) == (pytest.approx(-0.094742, abs=1e-6), pytest.approx(0.439187, abs=1e-6))
    assert anytime_interval(EFFECT) == (pytest.approx(0.130705, abs=1e-6), pytest.approx(0.489295, abs=1e-6))
    assert anytime_interval(EFFECT[:4]) is None  # unbounded
    ends = anytime_interval(LOOKED)
    assert ends is not None
    for end in ends:
        assert anytime_evidence(LOOKED, end) == pytest.approx(20.0, rel=1e-9)


def test_a_word_stays_and_is_the_first() -> None:
    look = first_word([*BEYOND, -9.0, -9.0, -9.0], 20, 1, 0.1)
    assert look is not None
    assert (look.n, look.word) == (6, "above")
    assert first_word(EFFECT[:5], 20, 1, 0.1) is None


@pytest.mark.parametrize(("planned", "n_pairs"), [(6, 1), (10, 3), (20, 1), (20, 3), (20, 28), (30, 10)])
def test_any_look_misses_in_one_study_of_twenty(planned: int, n_pairs: int) -> None:
    rng, n_paths = np.random.default_rng(7), 40_000
    d = rng.standard_normal((n_paths, planned))
    n = np.arange(1, planned + 1)
    mean = d.cumsum(1) / n
    sd = np.sqrt(np.maximum((d**2).cumsum(1) - n * mean**2, 0)[:, 1:] / (n[1:] - 1))
    is_missed = np.zeros(n_paths, dtype=bool)
    for k in range(6, planned + 1):
        level = 2 * norm.cdf(-look_constant(planned, n_pairs) * (planned / k) ** 0.25)
        is_missed |= np.abs(mean[:, k - 1]) > t.ppf(1 - level / 2, k - 1) * sd[:, k - 2] / np.sqrt(k)
    told = 0.05 / n_pairs
    assert is_missed.mean() == pytest.approx(told, abs=4 * np.sqrt(told / n_paths))


@pytest.mark.parametrize("planned", [5, 101])
def test_looks_need_enough_planned_blocks(planned: int) -> None:
    with pytest.raises(ValueError, match="6 to 100 blocks"):
        look_constant(planned, 1)


def test_constants_between_the_entries_are_the_next_larger() -> None:
    assert look_constant(17, 2) == look_constant(20, 3)
    assert look_constant(20, 28) < look_constant(20, 45) < 3.6
    ordered = [look_constant(planned, 3) for planned in range(6, 101)]
    assert ordered == sorted(ordered)
