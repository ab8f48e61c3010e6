"""Schedules against tables that a person can check, and their laws."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae.schedules import (
    ConstantKL,
    ConstantTeacherForcing,
    CyclicalKL,
    LinearTeacherForcing,
    MonotonicKL,
    ramp_up,
)

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


def test_linear_teacher_forcing() -> None:
    # 1 until 20%, then down by 0.2 a tenth to the floor 0.2 at 60%
    schedule = LinearTeacherForcing(decay_start=0.2, decay_end=0.6, floor=0.2)
    assert table(schedule) == [1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2, 0.2]


def test_linear_teacher_forcing_to_zero_by_the_end() -> None:
    assert table(LinearTeacherForcing(decay_start=0.5)) == [1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2]


def test_constant_teacher_forcing() -> None:
    assert table(ConstantTeacherForcing(ratio=0.7)) == [0.7] * 10
