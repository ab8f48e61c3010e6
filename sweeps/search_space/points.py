"""Where trials lie before any is made: points of the unit cube and of a grid, functions of (seed, parameter, trial)."""

import hashlib
import random
from collections.abc import Iterator
from functools import lru_cache

from sweeps.search_space.distributions import Dimension, FloatRange, IntRange, Value
from sweeps.search_space.space import Parameter, Params, Space, parameters, sample_params, top


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


def qmc_point(names: list[str], seed: int, trial: int) -> dict[str, float]:
    """Return a point of a randomly shifted Sobol' sequence in [0, 1)^d, one coordinate a parameter.

    Coordinate i of a Sobol' sequence does not depend on how many follow, and each parameter's shift depends on its
    own name alone. Arms whose spaces begin with the same parameters therefore share those values trial by trial,
    whatever else they search, and a restarted sweep neither repeats nor skips a point (Cranley & Patterson 1976).

    Args:
        names: of the parameters, the shared ones first.
        seed: the experiment's seed.
        trial: number of the trial within its study, from 0.
    """
    unshifted = sobol_point(trial, len(names))
    return {name: (x + _shift(seed, name)) % 1.0 for name, x in zip(names, unshifted, strict=True)}


def qmc_params(space: Space, seed: int, trial: int) -> dict[str, Value]:
    """Return a trial's parameters, on each dimension's own scale.

    Every parameter that some trial may have owns a coordinate, chosen or not: what one variant searches moves no
    value of another.
    """
    point = qmc_point([parameter.name for parameter in parameters(space)], seed, trial)
    return sample_params(space, lambda parameter: parameter.dimension.at(point[parameter.name]))


def sobol_point(index: int, n_dimensions: int) -> list[float]:
    """Return one point of a Sobol' sequence in [0, 1)^d, without scrambling, in Gray-code order.

    Args:
        index: number of the point, from 0; below 2^30.
        n_dimensions: coordinate i does not depend on how many follow it; 0 for an arm that searches nothing.
    """
    return list(_sobol_points(n_dimensions, index.bit_length())[index]) if n_dimensions else []


@lru_cache(maxsize=8)
def _sobol_points(n_dimensions: int, bits: int) -> list[tuple[float, ...]]:
    """Return the first 2^bits points: walking to each from the first would cost the square of their number."""
    from scipy.stats import qmc  # takes a second, which other samplers and what starts no trial need not wait for

    points = qmc.Sobol(n_dimensions, scramble=False).random_base2(bits)
    return [tuple(map(float, point)) for point in points]


def _shift(seed: int, parameter: str) -> float:
    """Return the shift of a parameter, uniform in [0, 1) over seeds."""
    digest = hashlib.blake2b(f"{seed}:{parameter}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2.0**64
