"""Power before launch, against the noncentral t and against published numbers."""

import pytest

from sweeps.report.statistics.paired import half_width, pairs_needed
from sweeps.report.statistics.power import effect_for_pairs, power_of


@pytest.mark.parametrize(("n_pairs", "effect"), [(1, 0.30), (3, 0.37), (28, 0.52)], ids=["2 arms", "3 arms", "8 arms"])
def test_ten_seeds_at_a_spread_of_0_3_db_find_what_was_computed_elsewhere(n_pairs: int, effect: float) -> None:
    assert round(effect_for_pairs(0.3, 10, 0.05 / n_pairs), 2) == effect


@pytest.mark.parametrize(("sd", "n"), [(0.3, 38), (0.2, 18), (0.1, 7)])
def test_equivalent_within_0_1_db_needs_what_was_computed_elsewhere(sd: float, n: int) -> None:
    assert pairs_needed(sd, 0.1) == n


@pytest.mark.parametrize("n", [6, 10, 40])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 28])
def test_the_effect_found_is_the_one_with_that_power(n: int, alpha: float) -> None:
    effect = effect_for_pairs(0.3, n, alpha)
    assert power_of(effect, 0.3, n, alpha) == pytest.approx(0.8, abs=1e-4)


def test_more_pairs_of_arms_need_wider_intervals() -> None:
    assert half_width(0.3, 10, 0.05 / 3) > half_width(0.3, 10)
    assert pairs_needed(0.3, 0.1, alpha=0.05 / 3) == 55
