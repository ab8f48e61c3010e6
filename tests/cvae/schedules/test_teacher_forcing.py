"""Teacher forcing: its ratios against tables, its coins against their axes."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cvae.random_streams import step_coins
from cvae.schedules.teacher_forcing import (
    Coin,
    ConstantTeacherForcing,
    ExponentialTeacherForcing,
    InverseSigmoidTeacherForcing,
    LinearTeacherForcing,
)

TENTHS = [i / 10 for i in range(10)]


def table(schedule: object) -> list[float]:
    return [round(schedule(u), 6) for u in TENTHS]  # type: ignore[operator]


def test_constant() -> None:
    assert table(ConstantTeacherForcing(ratio=0.7)) == [0.7] * 10


def test_linear() -> None:
    # 1 until 20%, then down by 0.2 a tenth to the floor 0.2 at 60%
    schedule = LinearTeacherForcing(decay_start=0.2, decay_end=0.6, floor=0.2)
    assert table(schedule) == [1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2, 0.2]


def test_linear_to_zero_by_the_end() -> None:
    assert table(LinearTeacherForcing(decay_start=0.5)) == [1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2]


def test_exponential() -> None:
    # k = 2^(-1/10) a hundredth: halved every tenth of the training from 20% on, and never below 0.1
    schedule = ExponentialTeacherForcing(k=2**-0.1, decay_start=0.2, floor=0.1)
    assert table(schedule) == [1, 1, 1, 0.5, 0.25, 0.125, 0.1, 0.1, 0.1, 0.1]


def test_exponential_edges() -> None:
    # one hundredth of the training multiplies by k; without a floor it goes on falling to k^100
    schedule = ExponentialTeacherForcing(k=0.97)
    assert [schedule(u) for u in (0, 0.01, 0.02, 1)] == pytest.approx([1, 0.97, 0.9409, 0.97**100])


def test_inverse_sigmoid() -> None:
    # k = 10: 10 / (10 + e^j) after j tenths; e^1 = 2.718282, e^2 = 7.389056, e^3 = 20.085537, e^4 = 54.598150 ...
    expected = [0.909091, 0.78627, 0.575074, 0.332386, 0.154803, 0.063126, 0.024188, 0.009036, 0.003343, 0.001233]
    assert table(InverseSigmoidTeacherForcing(k=10.0)) == expected


def test_inverse_sigmoid_edges() -> None:
    # k / (k + 1) until the fall begins, one half k ln(k) hundredths later, then on to the floor
    schedule = InverseSigmoidTeacherForcing(k=10.0, decay_start=0.2, floor=0.05)
    half = 0.2 + 10 * math.log(10) / 100
    assert [schedule(u) for u in (0, 0.2, half, 1)] == pytest.approx([10 / 11, 10 / 11, 0.5, 0.05])
    assert InverseSigmoidTeacherForcing(k=1.0)(1.0) >= 0  # exp(100) is far from overflowing


@given(
    u=st.floats(0, 1),
    later=st.floats(0, 1),
    k=st.floats(0.01, 0.999),
    start=st.floats(0, 1),
    floor=st.floats(0, 1),
)
def test_a_ratio_lies_in_0_1_and_never_rises(u: float, later: float, k: float, start: float, floor: float) -> None:
    first, second = sorted((u, later))
    for schedule in (
        ExponentialTeacherForcing(k=k, decay_start=start, floor=floor),
        InverseSigmoidTeacherForcing(k=100 * k + 1, decay_start=start, floor=floor),
        LinearTeacherForcing(decay_start=0.9 * start, decay_end=1.0, floor=floor),
    ):
        assert 1 >= schedule(first) >= schedule(second) >= floor - 1e-12


@pytest.mark.parametrize("k", [0.0, 1.0, 1.5])
def test_a_ratio_that_could_not_fall_is_refused(k: float) -> None:
    with pytest.raises(ValidationError):
        ExponentialTeacherForcing(k=k)


# (coin, equal along the steps, equal along the clips)
@pytest.mark.parametrize(("coin", "steps", "clips"), [("batch", True, True), ("step", False, True), ("sample", 0, 0)])
def test_a_coin_is_shared_along_its_axes(coin: Coin, steps: bool, clips: bool) -> None:
    thrown = torch.stack([step_coins((6, 5), 0.5, seed=1, step=s, coin=coin) for s in range(40)])  # (40, 6, 5)
    assert thrown.shape == (40, 6, 5)
    assert bool((thrown == thrown[:, :1]).all()) == steps
    assert bool((thrown == thrown[:, :, :1]).all()) == clips
    assert not bool((thrown == thrown[:1]).all())  # another update, other coins


@pytest.mark.parametrize("coin", ["batch", "step", "sample"])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0])
def test_coins_have_their_ratio_whatever_shares_them(coin: Coin, ratio: float) -> None:
    # 4000 updates: the standard error of one coin a batch is sqrt(.3 * .7 / 4000) = 0.007
    thrown = [step_coins((3, 2), ratio, seed=0, step=s, coin=coin).float().mean().item() for s in range(4000)]
    assert sum(thrown) / len(thrown) == pytest.approx(ratio, abs=0.025 if 0 < ratio < 1 else 0)


@pytest.mark.parametrize("coin", ["batch", "step", "sample"])
def test_coins_are_functions_of_seed_and_step_and_monotonic_in_the_ratio(coin: Coin) -> None:
    high, low = (torch.stack([step_coins((4, 3), r, seed=2, step=s, coin=coin) for s in range(50)]) for r in (0.7, 0.4))
    assert torch.equal(high, torch.stack([step_coins((4, 3), 0.7, seed=2, step=s, coin=coin) for s in range(50)]))
    assert not torch.equal(high, torch.stack([step_coins((4, 3), 0.7, seed=3, step=s, coin=coin) for s in range(50)]))
    assert (low <= high).all()
    assert (low < high).any()
