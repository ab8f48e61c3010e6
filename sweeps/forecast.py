"""How long what is left will take, with its uncertainty, from the runs that have ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

#: Half-width of the interval in standard errors.
WIDTH = 2.0


@dataclass(frozen=True)
class Forecast:
    """Seconds: the middle, and an interval of two standard errors about it."""

    middle_s: float
    low_s: float
    high_s: float


def forecast(durations: Sequence[float], runs_left: float, slots: int) -> Forecast | None:
    """Return the wall time left; None before a run has ended.

    The sum over the runs left has the variance of their scatter and of the estimated mean, `n s^2 + n^2 s^2 / k` from k
    runs seen; one run seen says nothing of the scatter, and half its duration is taken.
    """
    if not durations:
        return None
    middle = mean(durations)
    scatter = stdev(durations) if len(durations) > 1 else middle / 2
    total = runs_left * middle
    error = WIDTH * scatter * sqrt(runs_left + runs_left**2 / len(durations))
    lanes = max(1, min(slots, runs_left)) if runs_left else 1
    return Forecast(total / lanes, max(0.0, total - error) / lanes, (total + error) / lanes)
