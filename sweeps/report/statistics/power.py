"""How many seeds a difference of a given size would need."""

import math
from functools import cache

from scipy.special import nctdtr, stdtrit

ALPHA = 0.05

#: The chance of finding a real difference that a study should have.
POWER = 0.8

LIMIT = 1000


def power_of(effect: float, sd: float, n: int, alpha: float = ALPHA) -> float:
    """Return the power of the two-sided paired t test: n differences of mean `effect` and spread `sd` > 0.

    By the noncentral t distribution (Johnson, Kotz & Balakrishnan 1995, ch. 31).
    """
    df, shift = n - 1, abs(effect) / sd * math.sqrt(n)
    critical = float(stdtrit(df, 1 - alpha / 2))
    # The other tail is below alpha / 2 and falls as the effect grows; beyond a shift of 30 both numbers are exact.
    upper = 1.0 if shift - critical > 30 else 1 - float(nctdtr(df, shift, critical))
    return upper + (float(nctdtr(df, shift, -critical)) if shift < 5 else 0.0)


@cache
def pairs_for_effect(effect: float, sd: float, alpha: float = ALPHA) -> int | None:
    """Return the fewest pairs that find an effect with `POWER`; None above `LIMIT`."""
    if effect == 0 or power_of(effect, sd, LIMIT, alpha) < POWER:
        return None
    low, high = 1, LIMIT  # too few, enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(effect, sd, middle, alpha) >= POWER else (middle, high)
    return high


def effect_for_pairs(sd: float, n: int, alpha: float = ALPHA) -> float:
    """Return the smallest effect that n pairs with spread sd > 0 find with `POWER`, to a millionth of the spread."""
    low, high = 0.0, 1.0  # in spreads: too small, enough
    while power_of(high, 1.0, n, alpha) < POWER:
        low, high = high, 2 * high
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if power_of(middle, 1.0, n, alpha) >= POWER else (middle, high)
    return high * sd
