"""What counts as a number in a record."""

import math


def numbers_of(values: object) -> list[float]:
    """Return a list of numbers as it is; empty for anything else."""
    found = [finite(value) for value in values] if isinstance(values, list) else []
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else []


def finite(value: object) -> float | None:
    """Return a number as a float; None for anything missing, textual, infinite or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
