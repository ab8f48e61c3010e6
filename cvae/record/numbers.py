"""What counts as a number in a record."""

import math


def numbers_of(values: object) -> list[float]:
    """Return a list of numbers as it is; empty for anything else."""
    if not isinstance(values, list):
        return []
    numbers = [number for value in values if (number := finite(value)) is not None]
    return numbers if len(numbers) == len(values) else []


def finite(value: object) -> float | None:
    """Return a number as a float; None for anything missing, textual, infinite or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
