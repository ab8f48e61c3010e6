"""Do the report's intervals cover, does chance win, are effects found? Simulated studies through its own functions.

python -m benchmarks.calibration            print the tables
python -m benchmarks.calibration --write    and keep them where the report reads them
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sweeps.report.comparison import Rule, decide_pairs
from sweeps.report.statistics import bca_intervals, compare_pairs, mean_interval, power_of

Array = npt.NDArray[np.float64]

N_STUDIES = 10_000
SEED_SD = 0.3
#: What a collapsed seed loses, in dB: the gap between a good and a collapsed run in the course's logs.
COLLAPSE_DB = 3.0
COLLAPSED_SHARE = 0.15
TABLE = Path(__file__).parents[1] / "sweeps" / "report" / "calibration.json"


def draw(rng: np.random.Generator, shape: tuple[int, ...], collapsed: bool) -> tuple[Array, float]:
    """Return scores (..., n) of one arm, and their true mean."""
    scores = rng.normal(20.0, SEED_SD, shape)
    if not collapsed:
        return scores, 20.0
    return scores - COLLAPSE_DB * (rng.random(shape) < COLLAPSED_SHARE), 20.0 - COLLAPSE_DB * COLLAPSED_SHARE


def coverage(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return how often the 95% intervals cover the truth: of one arm's mean, and of the difference of two arms."""
    rows = []
    for collapsed in (False, True):
        for n in (6, 10, 20):
            rng = np.random.default_rng(n + 1000 * collapsed)
            a, mean = draw(rng, (n_studies, n), collapsed)
            b, _ = draw(rng, (n_studies, n), collapsed)
            row: dict[str, Any] = {"seeds": "15% collapsed" if collapsed else "normal", "n": n, "studies": n_studies}
            of_mean = np.array([mean_interval(x).interval for x in a])
            of_pair = np.array([compare_pairs(x, y).interval for x, y in zip(a, b, strict=True)])
            row["student_of_a_mean"] = _share_covered(of_mean, mean)
            row["student"] = _share_covered(of_pair, 0.0)
            row["bca_of_a_mean"] = _share_covered(bca_intervals(a), mean)
            row["bca"] = _share_covered(bca_intervals(a - b), 0.0)
            rows.append(row)
    return rows


def _share_covered(intervals: Array, truth: float) -> float:
    return float(((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])).mean())


def false_verdicts(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return how often some arm of three equal ones is called better than another, after Holm."""
    rows = []
    for collapsed in (False, True):
        for n in (6, 10, 20):
            rng = np.random.default_rng(7 + n + 1000 * collapsed)
            n_false = 0
            for _ in range(n_studies):
                arms, _mean = draw(rng, (3, n), collapsed)
                pairs = [(arms[i], arms[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
                n_false += bool(_words(pairs) & {"better", "worse"})
            kind = "15% collapsed" if collapsed else "normal"
            rows.append({"seeds": kind, "n": n, "studies": n_studies, "false": n_false / n_studies})
    return rows


def _words(pairs: list[tuple[Array, Array]]) -> set[str]:
    """Return the words that the rule gives to pairs of arms whose planned seeds are in."""
    n = len(pairs[0][0])
    tests, differences = [compare_pairs(a, b) for a, b in pairs], [(a - b).tolist() for a, b in pairs]
    return {
        decision.verdict for decision in decide_pairs(Rule("planned", n, n, len(pairs), None, 1), tests, differences)
    }


def power(n_studies: int = N_STUDIES) -> list[dict[str, Any]]:
    """Return how often 0.2 dB are found at n = 10 and 0.3 dB seed spread, at four correlations of the arms' seeds."""
    rows = []
    for correlation in (0.0, 0.3, 0.6, 0.8):
        rng = np.random.default_rng(round(100 * correlation))
        shared = rng.normal(0, SEED_SD * math.sqrt(correlation), (n_studies, 1, 10))
        arms = shared + rng.normal(0, SEED_SD * math.sqrt(1 - correlation), (n_studies, 2, 10))
        found = [_words([(a + 0.2, b)]) == {"better"} for a, b in arms]
        formula = power_of(0.2, SEED_SD * math.sqrt(2 * (1 - correlation)), 10)
        rows.append(
            {"correlation": correlation, "studies": n_studies, "found": float(np.mean(found)), "formula": formula}
        )
    return rows


def measure(n_studies: int = N_STUDIES) -> dict[str, Any]:
    """Return every table."""
    return {
        "model": {"seed_sd": SEED_SD, "collapsed_share": COLLAPSED_SHARE, "collapse_db": COLLAPSE_DB},
        "coverage": coverage(n_studies),
        "false_verdicts": false_verdicts(n_studies),
        "power": power(n_studies),
    }


if __name__ == "__main__":
    tables = measure()
    for name in ("coverage", "false_verdicts", "power"):
        for row in tables[name]:
            print(
                name,
                *(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()),
            )
    if "--write" in sys.argv:
        TABLE.write_text(json.dumps(tables, indent=1) + "\n")
