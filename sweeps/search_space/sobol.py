"""Points of a Sobol' sequence without the second that scipy.stats takes to import: a plan shows them at once.

A test holds them equal to scipy's, to the bit.
"""

#: Primitive polynomial over GF(2), its bits as a number, and initial direction numbers of each coordinate
#: (Joe & Kuo 2008, new-joe-kuo-6).
DIRECTIONS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (1, (1,)),
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
    (103, (1, 1, 1, 15, 7, 5)),
    (109, (1, 3, 1, 15, 13, 25)),
    (115, (1, 1, 5, 5, 19, 61)),
    (131, (1, 3, 7, 11, 23, 15, 103)),
    (137, (1, 3, 7, 13, 13, 15, 69)),
    (143, (1, 1, 3, 13, 7, 35, 63)),
    (145, (1, 3, 5, 9, 1, 25, 53)),
    (157, (1, 3, 1, 13, 9, 35, 107)),
)

BITS = 30


def sobol_point(index: int, n_dimensions: int) -> list[float]:
    """Return one point in [0, 1)^d, without scrambling, in Gray-code order (Antonov & Saleev 1979).

    Args:
        index: number of the point, from 0; below 2^30.
        n_dimensions: coordinate i does not depend on how many follow it.
    """
    if n_dimensions > len(DIRECTIONS):
        return _by_scipy(index, n_dimensions)
    gray = index ^ (index >> 1)
    return [_coordinate(gray, *DIRECTIONS[i]) for i in range(n_dimensions)]


def _coordinate(gray: int, polynomial: int, initial: tuple[int, ...]) -> float:
    value = 0
    for k, direction in enumerate(_directions(polynomial, initial)):
        if gray >> k & 1:
            value ^= direction
    return float(value) / 2.0**BITS


def _directions(polynomial: int, initial: tuple[int, ...]) -> list[int]:
    """Return the direction numbers as integers of 30 bits, by the polynomial's recurrence."""
    if polynomial == 1:
        return [1 << (BITS - 1 - k) for k in range(BITS)]
    degree = polynomial.bit_length() - 1
    v = [m << (BITS - 1 - k) for k, m in enumerate(initial)]
    for k in range(degree, BITS):
        new = v[k - degree] ^ (v[k - degree] >> degree)
        for j in range(1, degree):
            if polynomial >> (degree - j) & 1:
                new ^= v[k - j]
        v.append(new)
    return v


def _by_scipy(index: int, n_dimensions: int) -> list[float]:
    from scipy.stats import qmc

    engine = qmc.Sobol(n_dimensions, scramble=False)
    if index:
        engine.fast_forward(index)
    return [float(x) for x in engine.random(1)[0]]
