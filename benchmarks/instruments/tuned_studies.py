"""Studies of two arms whose truth is known, tuned and confirmed by the sweep's own rules, without a training.

A point adds to every arm what all share (sd `SHARED_SD`) and what each has alone; arm b has the effect on top. A
training's score is its point's truth and its seed's part (`SEED_SD`, arms correlated); on the way there it lacks
`GAP_DB`, halved every eighth of the training, and wanders.
"""

from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import TrialState

from benchmarks.calibration.simulated_seeds import SEED_SD, Array
from benchmarks.calibration.words_of_a_study import words
from sweeps.decision import LEAST_PAIRS, Pairs, Plan
from sweeps.study.pruners import RunningMedianPruner

SHARED_SD, CORRELATION = 0.6, 0.5
EPOCHS, GAP_DB, WANDER_DB = 12, 3.0, 0.15


@dataclass(frozen=True)
class Design:
    """How a question is put: trials and seeds an arm, in so many tunings; what ends trials and what ends seeds."""

    name: str
    trials: int
    seeds: int
    is_sure: bool = False
    tunings: int = 1
    pruner: str = "none"  # none, median, asha


@dataclass(frozen=True)
class Outcome:
    """What a study said, and what it cost in whole trainings."""

    word: str  # better, worse or neither, of arm b
    tuned: float  # whole trainings of both arms that tuning took, pruned ones by their share
    blocks: int  # confirmed ones until the word, or until nothing asked
    lost_db: float  # by which the chosen points fall short of their arms' best


def seeds_part(rng: np.random.Generator, n: int) -> Array:
    """Return the seeds' part of n scores in each arm, (2, n)."""
    shared, own = rng.standard_normal((1, n)), rng.standard_normal((2, n))
    both: Array = SEED_SD * (np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own)
    return both


def ask(rng: np.random.Generator, design: Design, effect: float, own_sd: float) -> Outcome:
    """Tune, confirm and read the word of one study."""
    truth = SHARED_SD * rng.standard_normal((1, design.trials)) + own_sd * rng.standard_normal((2, design.trials))
    truth[1] += effect
    finals = truth + seeds_part(rng, design.trials)
    kept, spent = _tune(rng, finals, design)
    confirmed, n = seeds_part(rng, design.seeds), design.tunings
    blocks: list[list[list[float]]] = [[], []]
    lost = []
    for tuning in range(n):
        for arm in range(2):
            mine = np.where(kept[arm, tuning::n], finals[arm, tuning::n], -np.inf)
            best = truth[arm, tuning::n][mine.argmax()]
            lost.append(truth[arm].max() - best)
            scores = [float(best + x) for x in confirmed[arm, tuning::n]]
            blocks[arm] += [scores] if n > 1 else [[score] for score in scores]
    word, n_blocks = _looked_at(blocks) if design.is_sure else _at_the_end(blocks)
    return Outcome(word, spent, n_blocks, float(np.mean(lost)))


def _looked_at(blocks: list[list[list[float]]]) -> tuple[str, int]:
    """Return the word of b and the blocks until none is asked for: the coordinator's rule."""
    planned = len(blocks[0])
    pairs, plan = Pairs(["a", "b"]), Plan(planned, 1, None, 1)
    for n in range(LEAST_PAIRS, planned + 1):
        (state,) = pairs.look({"a": blocks[0][:n], "b": blocks[1][:n]}, plan)
        if not state.asks:
            break
    return {"above": "better", "below": "worse"}.get(state.word, "neither"), n


def _at_the_end(blocks: list[list[list[float]]]) -> tuple[str, int]:
    """Return the word of b by the report's rule for all planned blocks."""
    (decision,) = words(np.array([[np.mean(block) for block in arm] for arm in blocks]))
    return decision.verdict if decision.verdict in ("better", "worse") else "neither", len(blocks[0])


def _tune(rng: np.random.Generator, finals: Array, design: Design) -> tuple[Array, float]:
    """Return which trials (2, n) were trained to the end, and what all took, in whole trainings."""
    if design.pruner == "none":
        return np.ones(finals.shape, bool), float(finals.size)
    share = np.arange(1, EPOCHS + 1) / EPOCHS
    wander = WANDER_DB * rng.standard_normal((*finals.shape, EPOCHS)) * (1 - share)
    curves = finals[..., None] - GAP_DB * 0.5 ** (8 * share) + wander
    kept, n_epochs = np.zeros(finals.shape, bool), 0
    for arm in range(2):
        for tuning in range(design.tunings):
            mine = range(tuning, finals.shape[1], design.tunings)
            for trial, n in zip(mine, epochs_of(curves[arm, list(mine)], design.pruner), strict=True):
                kept[arm, trial] = n == EPOCHS
                n_epochs += n
    return kept, n_epochs / EPOCHS


def epochs_of(curves: Array, pruner: str) -> list[int]:
    """Return the epochs that each trial (n, EPOCHS) of one tuning trains, one after the other."""
    own = RunningMedianPruner(5, 2)
    rule = own if pruner == "median" else optuna.pruners.SuccessiveHalvingPruner(1, 3)
    study = optuna.create_study(direction="maximize", pruner=rule)
    epochs = []
    for curve in curves:
        trial, best = study.ask(), np.maximum.accumulate(curve)
        for epoch, value in enumerate(best.tolist(), 1):
            trial.report(value, epoch)
            if epoch < EPOCHS and trial.should_prune():
                break
        is_whole = epoch == EPOCHS
        if is_whole:
            study.tell(trial, best[-1])
        else:
            study.tell(trial, state=TrialState.PRUNED)
        if is_whole and pruner == "median":
            own.note(dict(enumerate(best.tolist(), 1)))
        epochs.append(epoch)
    return epochs
