"""Verdicts that may be looked at: one interval for all pairs and all looks, from which words are read.

A block brings one new difference to every pair of arms. After each block from the sixth on, a pair's mean difference
has an interval so wide that among all pairs and all looks up to the last planned block one misses the truth in at
most one study of twenty. The nominal level of look n of N is 2 Phi(-C (N / n)^(1/4)) (Wang & Tsiatis 1987 with exponent
1/4; t enters through its p value, Jennison & Turnbull 2000, chapter 11). For whoever did not plan, `anytime_interval`
holds at any number.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

#: The chance that any interval of a study misses the truth.
MISS = 0.05

#: Fewer pairs than this have no word: 2 / 2^n, the smallest p of an exact sign-flip test, is above 0.05.
LEAST_PAIRS = 6

#: A pair whose chance of a word by the last planned block is below this asks for no more.
LEAST_CHANCE = 0.1

#: More planned blocks than this are not looked at: the constants were computed up to here.
MOST_BLOCKS = 100

#: What an interval says of a difference.
Word = Literal["above", "below", "equivalent", "undecided"]

Ends = tuple[float, float]

#: Planned blocks -> C by pairs of arms: with it the chance that any look from the sixth on crosses under the null is
#: MISS over the pairs. Quantiles of 1,000,000 paths of t; the first row is exact.
_PAIRS = (1, 3, 6, 10, 15, 21, 28)
_CONSTANTS = {
    6: (1.960, 2.394, 2.638, 2.807, 2.935, 3.038, 3.124),
    7: (2.075, 2.500, 2.741, 2.905, 3.032, 3.133, 3.213),
    8: (2.136, 2.554, 2.792, 2.955, 3.079, 3.178, 3.261),
    10: (2.203, 2.612, 2.845, 3.007, 3.126, 3.226, 3.307),
    12: (2.237, 2.643, 2.870, 3.026, 3.145, 3.243, 3.321),
    15: (2.266, 2.669, 2.891, 3.044, 3.158, 3.252, 3.325),
    20: (2.287, 2.683, 2.906, 3.058, 3.174, 3.266, 3.342),
    30: (2.310, 2.699, 2.917, 3.071, 3.187, 3.283, 3.358),
    50: (2.324, 2.708, 2.930, 3.085, 3.205, 3.300, 3.381),
    100: (2.335, 2.720, 2.945, 3.099, 3.216, 3.309, 3.387),
}


@dataclass(frozen=True)
class Look:
    """A pair after n blocks: the interval for all pairs and looks, and the word that is read off it."""

    n: int
    interval: Ends
    word: Word


def look_constant(planned: int, n_pairs: int) -> float:
    """Return C for a study of so many planned blocks and pairs of arms; between the table's entries the next larger.

    Raises:
        ValueError: fewer blocks than a word needs, or more than MOST_BLOCKS.
    """
    if not LEAST_PAIRS <= planned <= MOST_BLOCKS:
        raise ValueError(f"looks are planned for {LEAST_PAIRS} to {MOST_BLOCKS} blocks, not {planned}")
    row = _CONSTANTS[min(n for n in _CONSTANTS if n >= planned)]
    if n_pairs <= _PAIRS[-1]:
        return row[bisect_left(_PAIRS, n_pairs)]
    from scipy.special import ndtri

    # Beyond the table looks cost no more, on the scale of z, than at its end: the distance to one look's z falls.
    return row[-1] + float(ndtri(1 - MISS / 2 / n_pairs) - ndtri(1 - MISS / 2 / _PAIRS[-1]))


def look_level(n: int, planned: int, n_pairs: int) -> float:
    """Return the two-sided level of the interval after n blocks."""
    from scipy.special import ndtr  # here: an experiment file is read in a moment, scipy is not

    return 2 * float(ndtr(-look_constant(planned, n_pairs) * (planned / n) ** 0.25))


def look_interval(differences: Sequence[float], planned: int, n_pairs: int) -> Ends | None:
    """Return the interval of a pair's mean difference after these blocks; None for fewer than LEAST_PAIRS.

    Args:
        differences: of the blocks so far, in the order in which they were trained.
        planned: the last planned block, named before the first look.
        n_pairs: pairs of arms in the study.
    """
    n = len(differences)
    if n < LEAST_PAIRS:
        return None
    mean, sd = _mean_and_sd(differences)
    half = _quantile(n, planned, n_pairs) * sd / math.sqrt(n)
    return mean - half, mean + half


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation of at least two values; a look at thousands of studies waits for them."""
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (len(values) - 1))


@lru_cache(maxsize=1024)
def _quantile(n: int, planned: int, n_pairs: int) -> float:
    """Return how many standard errors the interval after n blocks reaches to either side."""
    from scipy.special import stdtrit

    return float(-stdtrit(n - 1, look_level(n, planned, n_pairs) / 2))


def read_word(interval: Ends | None, margin: float | None) -> Word:
    """Return what an interval says: it leaves out zero, lies within +-margin, or neither."""
    if interval is None:
        return "undecided"
    low, high = interval
    if low > 0 or high < 0:
        return "above" if low > 0 else "below"
    return "equivalent" if margin is not None and -margin < low and high < margin else "undecided"


def first_word(differences: Sequence[float], planned: int, n_pairs: int, margin: float | None) -> Look | None:
    """Return the look at which a pair got its word, which stays; its last look if it has none; None before any."""
    look = None
    for n in range(LEAST_PAIRS, min(len(differences), planned) + 1):
        interval = look_interval(differences[:n], planned, n_pairs)
        assert interval is not None, n
        look = Look(n, interval, read_word(interval, margin))
        if look.word != "undecided":
            break
    return look


def chance_of_word(
    differences: Sequence[float], at: int, planned: int, n_pairs: int, margin: float | None
) -> float | None:
    """Return the chance that a pair has a word once `at` blocks are there; None for fewer than two differences.

    What the differences so far say of the mean is a Student t around it (flat prior); the spread is taken as it is.
    """
    n = len(differences)
    if n < 2:
        return None
    mean, sd = _mean_and_sd(differences)
    half = _quantile(at, planned, n_pairs) * sd / math.sqrt(at)
    if at <= n or sd == 0:
        return float(read_word((mean - half, mean + half), margin) != "undecided")
    step = sd * math.sqrt(1 / n - 1 / at)

    from scipy.special import stdtr

    def below(x: float) -> float:
        return float(stdtr(n - 1, x / step))

    chance = below(mean - half) + below(-mean - half)
    if margin is not None and margin > half:
        chance += below(margin - half - mean) - below(half - margin - mean)
    return min(1.0, chance)


def asks_for_more(differences: Sequence[float], planned: int, n_pairs: int, margin: float | None) -> bool:
    """Return whether a pair needs another block: no word yet, and at least LEAST_CHANCE of one by the last planned."""
    n = len(differences)
    if n < min(LEAST_PAIRS, planned):
        return True
    look = first_word(differences, planned, n_pairs, margin)
    if n >= planned or (look is not None and look.word != "undecided"):
        return False
    chance = chance_of_word(differences, planned, planned, n_pairs, margin)
    return chance is None or chance >= LEAST_CHANCE


def anytime_interval(differences: Sequence[float], miss: float = MISS, g: float = 1.0) -> Ends | None:
    """Return an interval of the mean that holds whenever one looks and stops; None while it is unbounded.

    The values at which the e-value of `anytime_evidence` stays below 1 / miss (Lai 1976; Wang & Ramdas 2023).
    """
    n, wide = len(differences), 1 + len(differences) * g
    if n < 2:
        return None
    k = (math.sqrt(wide) / miss) ** (2 / n)
    if k >= wide:
        return None
    mean, sd = _mean_and_sd(differences)
    half = sd / math.sqrt(n) * math.sqrt((n - 1) * (k - 1) / (1 - k / wide))
    return mean - half, mean + half


def anytime_evidence(differences: Sequence[float], mean: float = 0.0, g: float = 1.0) -> float:
    """Return the e-value against a true mean: at least 1 / a at any time with probability a at most if it is true."""
    n, wide = len(differences), 1 + len(differences) * g
    centre, sd = _mean_and_sd(differences)
    t = (centre - mean) / (sd / math.sqrt(n))
    return float(wide**-0.5 * ((1 + t * t / (n - 1)) / (1 + t * t / ((n - 1) * wide))) ** (n / 2))
