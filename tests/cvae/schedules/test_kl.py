"""Schedules against tables that a person can check, and their laws."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cvae.config.validation_errors import sections_of
from cvae.schedules.kl import CapacityKL, ConstantKL, CyclicalKL, FreeBitsKL, KLAnneal, KLControl, MonotonicKL
from cvae.schedules.shapes import ramp_up

TENTHS = [i / 10 for i in range(10)]


def table(schedule: object) -> list[float]:
    return [round(schedule(u), 6) for u in TENTHS]  # type: ignore[operator]


def test_cyclical_two_cycles_half_ramp_is_the_published_table() -> None:
    # Fu et al. 2019 with M = 2, R = 0.5: up over half a cycle, level over the other half, and again.
    assert table(CyclicalKL(n_cycles=2, ramp=0.5)) == [0, 0.4, 0.8, 1, 1, 0, 0.4, 0.8, 1, 1]


def test_monotonic_half_ramp() -> None:
    # 0% at the start, 100% from the middle on.
    assert table(MonotonicKL(ramp=0.5)) == [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1]


def test_monotonic_full_ramp_never_quite_arrives() -> None:
    assert table(MonotonicKL(ramp=1.0)) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def test_constant() -> None:
    assert table(ConstantKL()) == [1] * 10


def test_cosine_shape() -> None:
    # (1 - cos(pi v)) / 2 at v = 0, 1/4, 1/2, 3/4, 1
    half_root = math.sqrt(2) / 4
    expected = [0, 0.5 - half_root, 0.5, 0.5 + half_root, 1]
    assert [ramp_up(v, "cosine") for v in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx(expected)


def test_sigmoid_shape_starts_at_0_and_ends_at_1() -> None:
    # 1 / (1 + exp(6 - 12 v)) rescaled; at v = 1/4 the raw value is 1 / (1 + e^3) = 0.047426
    low, high = 1 / (1 + math.exp(6)), 1 / (1 + math.exp(-6))
    expected = [0, (0.04742587317756678 - low) / (high - low), 0.5, (1 - 0.04742587317756678 - low) / (high - low), 1]
    assert [ramp_up(v, "sigmoid") for v in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx(expected, abs=1e-12)


def test_monotonic_is_cyclical_with_one_cycle() -> None:
    assert table(CyclicalKL(n_cycles=1, ramp=0.3, shape="cosine")) == table(MonotonicKL(ramp=0.3, shape="cosine"))


@pytest.mark.parametrize("n_cycles", [2, 3, 7, 10, 30, 97])
def test_every_restart_is_exactly_zero(n_cycles: int) -> None:
    # k / M * M may round to just below k, where a plain fractional part says "end of cycle": no drift, no misfire.
    values = [CyclicalKL(n_cycles=n_cycles)(k / n_cycles) for k in range(n_cycles)]
    assert values == [0.0] * n_cycles


@given(u=st.floats(0, 1, exclude_max=True), n=st.integers(1, 50), ramp=st.floats(0.01, 1))
def test_a_multiplier_lies_in_0_1(u: float, n: int, ramp: float) -> None:
    for shape in ("linear", "cosine", "sigmoid"):
        assert 0 <= CyclicalKL(n_cycles=n, ramp=ramp, shape=shape)(u) <= 1
        assert 0 <= MonotonicKL(ramp=ramp, shape=shape)(u) <= 1


def test_free_bits_weighs_by_beta_throughout() -> None:
    assert table(FreeBitsKL(floor=0.3)) == [1] * 10


def test_capacity_rises_in_a_straight_line() -> None:
    # to 8 nats over the first half
    schedule = CapacityKL(c_max=8.0, ramp=0.5)
    assert [round(schedule.capacity(u), 6) for u in TENTHS] == [0, 1.6, 3.2, 4.8, 6.4, 8, 8, 8, 8, 8]
    assert [CapacityKL(c_max=8.0, ramp=1.0).capacity(u) for u in (0, 0.25, 1)] == [0, 2, 8]


@pytest.mark.parametrize("mode", ["capacity", "control", "optimal_sigma"])
def test_a_weight_that_the_training_sets_is_no_function_of_progress(mode: str) -> None:
    # Whoever draws curves from the configuration asks for a KLAnneal and falls back to what was recorded.
    assert TypeAdapter(KLControl).validate_python({"mode": mode}).mode == mode
    with pytest.raises(ValidationError):
        TypeAdapter(KLAnneal).validate_python({"mode": mode})


def test_every_annealing_is_also_a_way_to_control_the_kl() -> None:
    options, annealings = (sections_of(union) for union in (KLControl, KLAnneal))
    assert set(annealings) < set(options)
    assert all(callable(option()) for option in annealings)
    assert not any(callable(option()) for option in set(options) - set(annealings))
