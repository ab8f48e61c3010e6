"""Whether arms train at all: counts of runs that broke down, in exact terms."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Breakdowns:
    """Of two arms at the seeds that both have ended: how many there are, and at how many each broke down.

    `p` is McNemar's, exact: of the seeds at which one arm alone broke down, either is as likely to be that one.
    """

    n: int
    a: int
    b: int
    p: float

    @classmethod
    def count(cls, broken_a: set[int], broken_b: set[int], ended: set[int]) -> "Breakdowns":
        """Count the breakdowns among the seeds that both arms have ended."""
        a, b = broken_a & ended, broken_b & ended
        return cls(len(ended), len(a), len(b), binomial_p(len(a - b), len(b - a)))


def binomial_p(n_a: int, n_b: int) -> float:
    """Return the exact two-sided p of so many against so many where either is as likely."""
    n = n_a + n_b
    tail = sum(math.comb(n, k) for k in range(max(n_a, n_b), n + 1)) / 2**n
    return min(1.0, 2.0 * float(tail))


def share_interval(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Clopper and Pearson's interval of a share, k of n; one-sided where none or all are."""
    if n == 0:
        return 0.0, 1.0
    from scipy.special import betaincinv  # here: whoever only counts does not wait for scipy

    tail = (1 - level) / (1 if k in (0, n) else 2)
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return low, high
