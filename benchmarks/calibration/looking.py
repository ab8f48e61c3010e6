"""Studies that are looked at after every seed: wrong words by the test for one look, and by the rule for looks.

The sweep is the coordinator's: an arm trains on while one of its pairs asks for more.
"""

import math
from statistics import fmean
from typing import Any

import numpy as np
from scipy.special import stdtr

from benchmarks.calibration.families import MARGIN
from benchmarks.calibration.simulated_seeds import N_STUDIES, Array, n_studies_of, share
from benchmarks.calibration.words_of_a_study import pairs_of
from sweeps.decision import LEAST_PAIRS, MISS, Look, asks_for_more, first_word

PLANNED = 20

#: What the arms truly are, in dB; differences of two arms spread by 0.3 dB.
STUDIES = ((0.0, 0.0), (0.0, 0.2), (0.0, 0.5), (0.0, 0.0, 0.0), (0.0, 0.0, 0.2), (0.0, 0.0, 0.5), (0.0,) * 8)
SD = 0.3


def looking(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return a row for each study.

    `naive`: some look says *better* of some pair that is not, by the test for all planned seeds; `false`: the same by
    the rule for looks; `found`: the last arm is better than the first; `covers`: of the intervals that are printed,
    share that hold the truth; `seeds`, `runs`: until no pair asks, of 20 seeds in every arm.
    """
    return [_row(truth, n_studies_of(len(truth), n_studies)) for truth in STUDIES]


def _row(truth: tuple[float, ...], n_studies: int) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    naive, false, found, covers, seeds, runs = [], [], [], [], [], []
    pairs = pairs_of(len(truth))
    for _ in range(n_studies):
        scores = 20 + np.array(truth)[:, None] + rng.normal(0, SD / math.sqrt(2), (len(truth), PLANNED))
        n_of = _sweep(scores)
        looks = [_last_look(scores, n_of, a, b, len(pairs)) for a, b in pairs]
        gaps = [truth[a] - truth[b] for a, b in pairs]
        naive.append(_is_ever_better(scores, pairs, gaps))
        false.append(any(_is_false(look.word, gap) for look, gap in zip(looks, gaps, strict=True)))
        found.append(looks[pairs.index((len(truth) - 1, 0))].word == "above")
        covers += [look.interval[0] <= gap <= look.interval[1] for look, gap in zip(looks, gaps, strict=True)]
        seeds.append(max(n_of))
        runs.append(sum(n_of))
    return {
        "arms": ", ".join(f"{x:g}" for x in truth),
        "studies": n_studies,
        "naive": share(naive),
        "false": share(false),
        "found": share(found),
        "covers": share(covers),
        "seeds": round(fmean(seeds), 2),
        "runs": round(fmean(runs), 2),
    }


def _sweep(scores: Array) -> list[int]:
    """Return the seeds that each arm is trained with, where an arm trains on while one of its pairs asks."""
    n_of, pairs = [LEAST_PAIRS] * len(scores), pairs_of(len(scores))
    while True:
        asking = [p for p in pairs if asks_for_more(_shared(scores, n_of, *p), PLANNED, len(pairs), MARGIN)]
        if not asking:
            return n_of
        wanted = {arm for pair in asking for arm in pair}
        behind = min(n_of[arm] for arm in wanted)
        n_of = [n + (arm in wanted and n == behind) for arm, n in enumerate(n_of)]


def _shared(scores: Array, n_of: list[int], a: int, b: int) -> list[float]:
    n = min(n_of[a], n_of[b])
    return [float(d) for d in scores[a, :n] - scores[b, :n]]


def _last_look(scores: Array, n_of: list[int], a: int, b: int, n_pairs: int) -> Look:
    look = first_word(_shared(scores, n_of, a, b), PLANNED, n_pairs, MARGIN)
    assert look is not None, n_of
    return look


def _is_false(word: str, gap: float) -> bool:
    return (word == "above" and gap <= 0) or (word == "below" and gap >= 0)


def _is_ever_better(scores: Array, pairs: list[tuple[int, int]], gaps: list[float]) -> bool:
    """Return whether the test for one look, corrected for the pairs, calls a pair falsely better at any look."""
    d = np.stack([scores[a] - scores[b] for a, b in pairs])
    n = np.arange(LEAST_PAIRS, PLANNED + 1)
    mean = d.cumsum(1)[:, n - 1] / n
    sd = np.sqrt(((d**2).cumsum(1)[:, n - 1] - n * mean**2) / (n - 1))
    p = 2 * stdtr(n - 1, -np.abs(mean) * np.sqrt(n) / sd)
    is_wrong = np.sign(mean) != np.sign(np.array(gaps))[:, None]
    return bool(((p < MISS / len(pairs)) & is_wrong).any())
