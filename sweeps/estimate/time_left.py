"""How long a sweep still takes: the one estimate, whoever shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from statistics import fmean

from sweeps.experiment_folder import RunStanding

#: Half-width of the interval in standard errors.
WIDTH = 2.0

#: The part of a run that has to be done before its pace tells how long the whole takes.
LEAST_PART = 0.1


@dataclass(frozen=True)
class TimeLeft:
    """Seconds: the middle, and an interval of two standard errors about it."""

    middle_s: float
    low_s: float
    high_s: float


def estimate_time_left(
    ended_s: Sequence[float], begun: Sequence[RunStanding], n_waiting: int, slots: int
) -> TimeLeft | None:
    """Return the wall time left; None before a run has ended or a tenth of one is trained.

    Args:
        ended_s: seconds of each run that has ended; before there is one, the pace of those begun stands for it.
        begun: runs that are not over, of which only what is left counts.
        n_waiting: runs of which nothing is done.
        slots: runs at a time.
    """
    seen = list(ended_s) or [s for run in begun if run.part >= LEAST_PART and (s := run.seconds_for_all) is not None]
    return _interval(seen, n_waiting + sum(1.0 - run.part for run in begun), slots)


def _interval(seen: Sequence[float], n_left: float, slots: int) -> TimeLeft | None:
    """Return the time that runs take of which some durations are known.

    The sum over the runs left has the variance of their scatter and of the estimated mean, `n s^2 + n^2 s^2 / k` from k
    runs seen; one run seen says nothing of the scatter, and half its duration is taken.
    """
    if not seen:
        return None
    middle = fmean(seen)
    n = len(seen)  # may be thousands, and a table is drawn twice a second: `statistics.stdev` is slow
    scatter = sqrt(fsum((s - middle) ** 2 for s in seen) / (n - 1)) if n > 1 else middle / 2
    total = n_left * middle
    error = WIDTH * scatter * sqrt(n_left + n_left**2 / n)
    lanes = max(1, min(slots, n_left)) if n_left else 1
    return TimeLeft(total / lanes, max(0.0, total - error) / lanes, (total + error) / lanes)
