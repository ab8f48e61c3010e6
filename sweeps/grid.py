"""Every combination of a search space's values, in an order set by the seed."""

import random
from collections.abc import Iterator

from sweeps.dimension import Dimension, FloatRange, IntRange, Value
from sweeps.space import Parameter, Params, Space, top


def values_of(dimension: Dimension, points: int) -> list[Value]:
    """Return the values of a dimension on a grid: options, or `points` values from bound to bound, on its scale."""
    if not isinstance(dimension, FloatRange | IntRange):
        return dimension.examples()
    low, high = dimension.bounds
    parts = [i / (points - 1) for i in range(points)]
    reals = [low * (high / low) ** u if dimension.log else low + (high - low) * u for u in parts]
    reals[-1] = high  # to the last bit
    if isinstance(dimension, IntRange):
        return list(dict.fromkeys(round(real) for real in reals))
    return [float(real) for real in reals]


def grid(space: Space, points: int, seed: int) -> list[Params]:
    """Return every combination, each once: what a variant searches is varied where it is chosen alone."""
    combinations = list(_combinations(top(space), points))
    random.Random(seed).shuffle(combinations)
    return combinations


def _combinations(waiting: list[Parameter], points: int) -> Iterator[Params]:
    if not waiting:
        yield {}
        return
    first, *rest = waiting
    for value in values_of(first.dimension, points):
        for others in _combinations(first.below(value) + rest, points):
            yield {first.name: value, **others}
