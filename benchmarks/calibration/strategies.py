"""How often two equal strategies are told apart: by one tuning and its seeds, by several tunings, and with looks.

Strategies differ in what their response adds to a shared one at each point (sd `OWN_SD`), equal on average. Tune looks
at each point once; what it picks is confirmed. The rule is the coordinator's and the report's own.
"""

from typing import Any

import numpy as np

from benchmarks.calibration.simulated_seeds import N_STUDIES, Array
from sweeps.decision import LEAST_PAIRS, Block, Pairs, Plan

TRIALS, SHARED_SD, OWN_SD, SEED_SD, CORRELATION = 24, 0.6, 0.3, 0.3, 0.5


def noise(rng: np.random.Generator, n: int) -> Array:
    """Return the seeds' part of scores, (2 arms, n)."""
    shared, own = rng.standard_normal((1, n)), rng.standard_normal((2, n))
    both: Array = SEED_SD * (np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own)
    return both


def blocks_of(rng: np.random.Generator, tunings: int, seeds: int) -> dict[str, list[Block]]:
    """Return what a study's confirm runs score: a block a tuning where there are several, else a block a seed."""
    truth = SHARED_SD * rng.standard_normal((1, TRIALS)) + OWN_SD * rng.standard_normal((2, TRIALS))
    tune = truth + noise(rng, TRIALS)
    confirmed = noise(rng, seeds)
    ends: dict[str, list[Block]] = {"a": [], "b": []}
    for tuning in range(tunings):
        for row, arm in enumerate("ab"):
            best = truth[row, tuning::tunings][tune[row, tuning::tunings].argmax()]
            own = [float(best + x) for x in confirmed[row, tuning::tunings]]
            ends[arm] += [own] if tunings > 1 else [[score] for score in own]
    return ends


def false_words(tunings: int, seeds: int, studies: int, seed: int = 11) -> tuple[float, float]:
    """Return the share of studies of equal strategies given a word at any look, and the mean blocks trained."""
    rng, false, trained = np.random.default_rng(seed), 0, 0
    for _ in range(studies):
        ends = blocks_of(rng, tunings, seeds)
        n_blocks = len(ends["a"])
        pairs, plan = Pairs(["b", "a"]), Plan(n_blocks, 1, None, 1)
        for n in range(LEAST_PAIRS, n_blocks + 1):
            (state,) = pairs.look({arm: blocks[:n] for arm, blocks in ends.items()}, plan)
            if not state.asks:
                break
        false += state.word != "undecided"
        trained += n
    return false / studies, trained / studies


#: Tunings and seeds an arm.
DESIGNS = ((1, 12), (1, 24), (6, 12), (6, 24), (12, 12), (12, 24))


def strategies(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return a row for each way to spend 24 trials and 12 or 24 seeds an arm; a block is a seed, or a tuning."""
    return [_row(tunings, seeds, n_studies) for tunings, seeds in DESIGNS]


def _row(tunings: int, seeds: int, n_studies: int) -> dict[str, Any]:
    told_apart, blocks = false_words(tunings, seeds, n_studies)
    return {
        "tunings": tunings,
        "seeds": seeds,
        "studies": n_studies,
        "told_apart": round(told_apart, 4),
        "blocks": round(blocks, 2),
    }
