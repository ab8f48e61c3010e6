"""How often a 95% interval holds the truth, and how often two arms that are equal where they train get a word."""

from typing import Any

import numpy as np

from benchmarks.calibration.simulated_seeds import KINDS, N_STUDIES, SIZES, Array, Draw, draw, share
from benchmarks.calibration.words_of_a_study import words
from sweeps.report.statistics import Interval, bca_intervals, compare_pairs, mean_interval

#: Studies whose resamples are held at once.
CHUNK = 100


def coverage(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return a row for each kind of seeds and number of them.

    `student`, `bca`: of the difference over every score, breakdowns too; `student_of_a_mean`: of the first arm's mean;
    `where_trained`: of the difference over the seeds at which both trained; `false`: words *better* or *worse*.
    """
    return [_row(kind, n, n_studies) for kind in KINDS for n in SIZES]


def _row(kind: str, n: int, n_studies: int) -> dict[str, Any]:
    drawn = draw(KINDS[kind], n_studies, n, seed=n)
    a, b = drawn.scores[:, 0], drawn.scores[:, 1]
    truth = drawn.means[0] - drawn.means[1]
    d = a - b
    bca = np.concatenate([bca_intervals(d[i : i + CHUNK]) for i in range(0, n_studies, CHUNK)])
    return {
        "seeds": kind,
        "n": n,
        "studies": n_studies,
        "student": share([_holds(compare_pairs(x, y).interval, truth) for x, y in zip(a, b, strict=True)]),
        "student_of_a_mean": share([_holds(mean_interval(x).interval, drawn.means[0]) for x in a.tolist()]),
        "bca": share((bca[:, 0] <= truth) & (truth <= bca[:, 1])),
        **_of_those_that_trained(drawn),
    }


def _of_those_that_trained(drawn: Draw) -> dict[str, float]:
    held, false = [], []
    for scores, broken in zip(drawn.scores, drawn.broken, strict=True):
        kept = ~broken.any(axis=0)
        if kept.sum() > 1:
            held.append(_holds(compare_pairs(*_lists(scores[:, kept])).interval, 0.0))
        (decision,) = words(scores, broken)
        false.append(decision.verdict in ("better", "worse"))
    return {"where_trained": share(held), "false": share(false)}


def _lists(scores: Array) -> tuple[list[float], list[float]]:
    return scores[0].tolist(), scores[1].tolist()


def _holds(interval: Interval | None, truth: float) -> bool:
    return interval is not None and interval[0] <= truth <= interval[1]
