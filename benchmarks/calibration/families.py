"""Several arms at once: how often some pair gets a wrong word, and how often an effect is found."""

import math
from typing import Any

import numpy as np

from benchmarks.calibration.simulated_seeds import N_STUDIES, SEED_SD, SIZES, n_studies_of, share
from benchmarks.calibration.words_of_a_study import pairs_of, words
from sweeps.report.statistics import mean_interval, power_of

MARGIN = 0.1

#: What the arms truly are, in dB, and the spread of a difference between two of them.
FAMILIES = (
    ((0.0, 0.0), 0.3),
    ((0.0, 0.0, 0.0), 0.3),
    ((0.0, 0.1, 0.2), 0.1),
    ((0.0,) * 8, 0.3),
    ((0.0, 0.1) * 4, 0.1),
)


def families(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return how often some pair is falsely better or equivalent; the latter by each pair's own 95% interval, too."""
    return [_row(truth, sd, n, n_studies_of(len(truth), n_studies)) for truth, sd in FAMILIES for n in SIZES]


def _row(truth: tuple[float, ...], sd: float, n: int, n_studies: int) -> dict[str, Any]:
    rng = np.random.default_rng([n, len(truth)])
    better, equivalent, uncorrected = [], [], []
    for _ in range(n_studies):
        scores = 20 + np.array(truth)[:, None] + rng.normal(0, sd / math.sqrt(2), (len(truth), n))
        found = [
            (round(truth[a] - truth[b], 9), decision.verdict, scores[a] - scores[b])
            for (a, b), decision in zip(pairs_of(len(truth)), words(scores, margin=MARGIN), strict=True)
        ]
        better.append(any((w == "better" and d <= 0) or (w == "worse" and d >= 0) for d, w, _ in found))
        equivalent.append(any(w == "equivalent" and abs(d) >= MARGIN for d, w, _ in found))
        uncorrected.append(any(abs(d) >= MARGIN and _is_within(x.tolist()) for d, _, x in found))
    return {
        "arms": ", ".join(f"{x:g}" for x in truth),
        "sd": sd,
        "n": n,
        "studies": n_studies,
        "false_better": share(better),
        "false_equivalent": share(equivalent),
        "uncorrected_equivalent": share(uncorrected),
    }


def _is_within(differences: list[float]) -> bool:
    interval = mean_interval(differences).interval
    return interval is not None and max(map(abs, interval)) < MARGIN


def power(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return how often 0.2 dB are found at n = 10 and 0.3 dB seed spread, at four correlations of the arms' seeds."""
    rows = []
    for correlation in (0.0, 0.3, 0.6, 0.8):
        rng = np.random.default_rng(round(100 * correlation))
        shared = rng.normal(0, SEED_SD * math.sqrt(correlation), (n_studies, 1, 10))
        arms = shared + rng.normal(0, SEED_SD * math.sqrt(1 - correlation), (n_studies, 2, 10))
        arms[:, 1] += 0.2
        found = [decision.verdict == "better" for scores in arms for decision in words(scores)]
        formula = round(power_of(0.2, SEED_SD * math.sqrt(2 * (1 - correlation)), 10), 4)
        rows.append({"correlation": correlation, "studies": n_studies, "found": share(found), "formula": formula})
    return rows
