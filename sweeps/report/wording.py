"""Numbers as people read them."""

import math

from sweeps.report.statistics import Interval, Paired

#: What an empty cell shows.
DASH = "–"  # noqa: RUF001


def format_p(p: float | None) -> str:
    """Return a p value as it is usually written."""
    return DASH if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_kl(kl: float | None) -> str:
    """Return nats with two or three significant digits."""
    return DASH if kl is None else f"{kl:.2g}" if kl < 1 else f"{kl:#.3g}" if kl < 1000 else f"{kl:.0f}"


def decimals_for(*scales: float | None) -> int:
    """Return the decimals that show two significant digits of the smallest scale: at least 2, at most 6."""
    sizes = [abs(scale) for scale in scales if scale]
    return min(6, max(2, 1 - math.floor(math.log10(min(sizes))))) if sizes else 2


def format_number(value: float | None, decimals: int = 2, signed: bool = False) -> str:
    """Return a number for reading, with a true minus sign; a dash for None."""
    if value is None:
        return DASH
    text = f"{value:{'+' if signed else ''}.{decimals}f}"
    if float(text) == 0:
        text = f"{0:.{decimals}f}"
    return text.replace("-", "−")  # noqa: RUF001 - a minus sign, as wide as the plus


def format_interval(interval: Interval | None, decimals: int = 2) -> str:
    """Return `0.10 to 0.52`; a dash for None."""
    if interval is None:
        return DASH
    low, high = interval
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def pair_decimals(test: Paired) -> int:
    """Return the decimals in which a pair's difference and interval are written."""
    return decimals_for((test.interval[1] - test.interval[0]) / 2) if test.interval else decimals_for(test.difference)


def format_pairs(n: int, block: str) -> str:
    """Return `6 paired seeds`, or of another block than a seed `6 paired tunings`."""
    return f"{n} paired {block}{'' if n == 1 else 's'}"


def format_share(count: int, n: int) -> str:
    """Return `1 of 8 (12%)`."""
    return f"{count} of {n} ({100 * count / n:.0f}%)" if n else "0 of 0"
