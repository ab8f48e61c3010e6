"""What counts as a number in a record."""

import math


def finite(value: object) -> float | None:
    """Return a number as a float; None for anything missing, textual, infinite or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
