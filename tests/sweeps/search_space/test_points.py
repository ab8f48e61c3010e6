"""Quasi-random points that arms share."""

import numpy as np
import pytest
from scipy.stats import kstest, qmc

from sweeps.search_space.points import qmc_point, sobol_point


def points(parameters: list[str], n: int, seed: int = 0) -> np.ndarray:
    return np.array([[qmc_point(parameters, seed, k)[p] for p in parameters] for k in range(n)])


def test_shared_coordinates_do_not_depend_on_what_else_is_searched() -> None:
    shared = ["optim.lr", "beta"]
    for k in range(20):
        alone, more = qmc_point(shared, 3, k), qmc_point([*shared, "kl_anneal.n_cycles", "x"], 3, k)
        assert alone == {p: more[p] for p in shared}


#: Points 0 to 3, 100, 1,000 and 123,456 of three coordinates in units of 2^-17: what trials were given so far.
TABLE = {
    0: (0, 0, 0),
    1: (65536, 65536, 65536),
    2: (98304, 32768, 32768),
    3: (32768, 98304, 98304),
    100: (54272, 33792, 101376),
    1_000: (28800, 12672, 67968),
    123_456: (3473, 23953, 40273),
}


@pytest.mark.parametrize("n_dimensions", [1, 3, 24, 26])
def test_the_sequence_is_that_of_sobol_and_moves_no_trial(n_dimensions: int) -> None:
    # point k, asked for alone, is the k-th of the sequence, and the first coordinates are those of a table
    expected = qmc.Sobol(n_dimensions, scramble=False).random(256)
    assert [sobol_point(k, n_dimensions) for k in range(256)] == expected.tolist()
    for k, units in TABLE.items():
        assert sobol_point(k, n_dimensions)[:3] == [unit / 2**17 for unit in units[:n_dimensions]]


def test_an_arm_that_searches_nothing_has_a_point_without_coordinates() -> None:
    assert sobol_point(3, 0) == []


def test_a_point_depends_on_its_number_alone() -> None:
    assert qmc_point(["a", "b"], 1, 5) == qmc_point(["a", "b"], 1, 5)
    assert len({tuple(qmc_point(["a", "b"], 1, k).values()) for k in range(50)}) == 50


def test_the_seed_moves_the_points() -> None:
    assert qmc_point(["a", "b"], 1, 5) != qmc_point(["a", "b"], 2, 5)


def test_points_cover_the_cube_more_evenly_than_random_ones() -> None:
    ours = [qmc.discrepancy(points(["a", "b", "c"], 32, seed)) for seed in range(10)]
    random = [qmc.discrepancy(np.random.default_rng(seed).random((32, 3))) for seed in range(10)]
    assert max(ours) < min(random)


@pytest.mark.parametrize("coordinate", [0, 1])
def test_every_coordinate_is_uniform_over_seeds(coordinate: int) -> None:
    values = [points(["a", "b"], 1, seed)[0, coordinate] for seed in range(400)]
    assert kstest(values, "uniform").pvalue > 0.01


def test_coordinates_of_one_sequence_are_not_copies() -> None:
    # two sequences shifted independently would be a function of each other; one sequence is not
    cloud = points(["a", "b"], 64)
    assert abs(np.corrcoef(cloud.T)[0, 1]) < 0.2


def test_parameters_are_shifted_independently() -> None:
    # one shift for all coordinates would move the points along the diagonal only
    first = np.array([points(["a", "b"], 1, seed)[0] for seed in range(300)])
    assert abs(np.corrcoef(first.T)[0, 1]) < 0.2


def test_a_point_is_the_one_that_a_walk_from_the_first_comes_to() -> None:
    for index in (0, 1, 2, 7, 8, 1000):
        engine = qmc.Sobol(3, scramble=False)
        if index:
            engine.fast_forward(index)
        assert sobol_point(index, 3) == engine.random(1)[0].tolist()
