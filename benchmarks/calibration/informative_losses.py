"""Two equal arms of which one loses runs: how often its survivors are called better."""

import math
from typing import Any

import numpy as np

from benchmarks.calibration.simulated_seeds import N_STUDIES, SEED_SD, Array, Mask, share
from benchmarks.calibration.words_of_a_study import words

LOSSES = ("nothing", "30% at random", "its worst 15%", "its worst 30%")


def losses(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return how often the arm that loses runs is better: by its survivors alone, and by the verdict in two parts."""
    return [_row(which, n, n_studies) for which in LOSSES for n in (10, 20)]


def _row(which: str, n: int, n_studies: int) -> dict[str, Any]:
    rng = np.random.default_rng(11 + n)
    by_survivors, in_two_parts = [], []
    for _ in range(n_studies):
        scores = 20 + rng.normal(0, SEED_SD, (2, n))
        broken = np.zeros((2, n), dtype=bool)
        broken[1] = _lost(which, scores[1], rng.random(n))
        kept = ~broken[1]
        by_survivors.append(words(scores[:, kept])[0].verdict == "better")
        in_two_parts.append(words(scores, broken)[0].verdict == "better")
    return {
        "loses": which,
        "n": n,
        "studies": n_studies,
        "by_survivors": share(by_survivors),
        "in_two_parts": share(in_two_parts),
    }


def _lost(which: str, scores: Array, chance: Array) -> Mask:
    """Return which runs are lost: at random, or those whose score would have been low."""
    if which == "30% at random":
        return chance < 0.3
    below = {"nothing": -math.inf, "its worst 15%": -1.0364, "its worst 30%": -0.5244}[which]
    return (scores - 20) / SEED_SD < below
