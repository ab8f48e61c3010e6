"""Where in the unit cube a trial lies: a pure function of (seed, parameter, trial number)."""

import hashlib

from sweeps.dimension import Value
from sweeps.sobol import sobol_point
from sweeps.space import Space, draw, parameters


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
    return draw(space, lambda parameter: parameter.dimension.at(point[parameter.name]))


def _shift(seed: int, parameter: str) -> float:
    """Return the shift of a parameter, uniform in [0, 1) over seeds."""
    digest = hashlib.blake2b(f"{seed}:{parameter}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2.0**64
