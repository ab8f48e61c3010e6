"""How the scores of two arms spread over seeds: the worlds in which the intervals are tried."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

N_STUDIES = 2000
SEED_SD = 0.3
#: What a seed that breaks down loses, in dB: the gap between a good and a collapsed run in the course's logs.
BREAKDOWN_DB = 3.0
SIZES = (6, 10, 20)


@dataclass(frozen=True)
class Kind:
    """How two arms, a and b, spread: the share of seeds at which each breaks down, their correlation, a's skew."""

    breaks: tuple[float, float] = (0.0, 0.0)
    correlation: float = 0.0
    is_skewed: bool = False  # a's seeds have an exponential tail to below, of twice the spread


#: Name -> kind. The page picks among these the one that is most like the study.
KINDS = {
    "normal": Kind(),
    "correlated 0.6": Kind(correlation=0.6),
    "one arm skewed": Kind(is_skewed=True),
    "both arms, 15% break down": Kind(breaks=(0.15, 0.15)),
    "one arm, 15% break down": Kind(breaks=(0.15, 0.0)),
    "one arm, 5% break down": Kind(breaks=(0.05, 0.0)),
}


@dataclass(frozen=True)
class Draw:
    """Scores (studies, 2, n) of arms that are equal where both train; which broke down; the mean of each arm."""

    scores: Array
    broken: Mask
    means: tuple[float, float]


def draw(kind: Kind, n_studies: int, n: int, seed: int) -> Draw:
    """Draw studies of two arms and n seeds."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, math.sqrt(kind.correlation), (n_studies, 1, n))
    z = shared + rng.normal(0, math.sqrt(1 - kind.correlation), (n_studies, 2, n))
    if kind.is_skewed:
        z[:, 0] = 2 - rng.exponential(2.0, (n_studies, n))
    broken = rng.random((n_studies, 2, n)) < np.array(kind.breaks)[:, None]
    means = (20.0 - BREAKDOWN_DB * kind.breaks[0], 20.0 - BREAKDOWN_DB * kind.breaks[1])
    return Draw(20.0 + SEED_SD * z - BREAKDOWN_DB * broken, broken, means)


def share(hits: Sequence[bool] | Mask) -> float:
    """Return the share of studies in which something happened, to four digits."""
    return round(float(np.mean(np.asarray(hits, dtype=np.float64))), 4)


def n_studies_of(n_arms: int, n_studies: int) -> int:
    """Return how many studies are simulated: five times as many of two arms, which are cheap."""
    return n_studies * (5 if n_arms == 2 else 1)
