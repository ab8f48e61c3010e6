"""How often two equal strategies are told apart: by one tuning and its seeds, by several tunings, and with looks.

    python -m benchmarks.strategies [studies]

Strategies differ in what their response adds to a shared one at each point (sd `OWN_SD`), equal on average. Tune looks
at each point once; what it picks is confirmed. The rule is the coordinator's and the report's own.
"""

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sweeps.decision import Block, Pairs, Plan

Array = npt.NDArray[np.float64]

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
        for n in range(6, n_blocks + 1):
            (state,) = pairs.look({arm: blocks[:n] for arm, blocks in ends.items()}, plan)
            if not state.asks:
                break
        false += state.word != "undecided"
        trained += n
    return false / studies, trained / studies


def rows(studies: int) -> Iterator[str]:
    """Yield a line for each way to spend 24 trials and 12 or 24 seeds an arm."""
    yield "| tunings | seeds an arm | called better or worse | blocks trained |"
    yield "| ---: | ---: | ---: | ---: |"
    for tunings, seeds in ((1, 12), (1, 24), (6, 12), (6, 24), (12, 12), (12, 24)):
        false, trained = false_words(tunings, seeds, studies)
        yield f"| {tunings} | {seeds} | {100 * false:.1f}% | {trained:.1f} |"


if __name__ == "__main__":
    for line in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 2000):
        print(line, flush=True)
