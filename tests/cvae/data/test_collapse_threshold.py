"""The weight of the KL term above which no latent lives: planted variances, and what must not move the estimate."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cvae.data.collapse_threshold import (
    N_RESIDUALS,
    CollapseThreshold,
    ResidualSample,
    estimate_threshold,
    store_threshold,
)
from cvae.data.inspection import LaunchNeeds, inspect
from cvae.data.sources.episode import Episode
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.store import open_store

S = 16
D = 3 * S * S
NONE = np.zeros((400, 0), dtype=np.float32)


def planted(n: int, amplitude: float, conditions: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Frames and what follows: one pattern of norm 1 is added with a normal (or given) strength, in levels of 1/255."""
    random = np.random.default_rng(0)
    pattern = np.zeros((S, S, 3))
    pattern[4:12, 4:12] = 1 / np.sqrt(8 * 8 * 3)
    strength = random.normal(size=n) if conditions is None else conditions[:, 0]
    before = np.full((n, S, S, 3), 128, dtype=np.uint8)
    after = before + 255 * amplitude * strength[:, None, None, None] * pattern
    return before, np.clip(np.round(after), 0, 255).astype(np.uint8)


def threshold(*arrays: np.ndarray) -> CollapseThreshold:
    found = estimate_threshold(*arrays)
    assert found is not None
    return found


@pytest.mark.parametrize("amplitude", [0.5, 1.0, 2.0])
def test_it_is_twice_the_largest_variance_over_the_number_of_values(amplitude: float) -> None:
    # A pattern of norm 1 that comes and goes with standard deviation a: lambda_max = a^2.
    found = threshold(*planted(400, amplitude), NONE)
    assert found.lambda_max == pytest.approx(amplitude**2, rel=0.12)  # 400 draws: 7% standard error
    assert found.beta_c == pytest.approx(2 * found.lambda_max / D)
    assert found.beta_sum == pytest.approx(found.beta_c * D)
    assert found.sigma == pytest.approx(found.lambda_max**0.5)


def test_frames_that_stand_still_leave_nothing_to_explain() -> None:
    before, _ = planted(50, 1.0)
    assert threshold(before, before, NONE[:50]).beta_c == 0


def test_a_change_that_is_always_the_same_leaves_nothing_to_explain() -> None:
    before, _ = planted(50, 1.0)
    assert threshold(before, before + np.uint8(9), NONE[:50]).beta_c < 1e-9


def test_what_the_conditions_tell_is_not_counted() -> None:
    # The same motion, told by a condition: only rounding to levels is left. A condition that tells nothing changes
    # nothing: the variance is taken over the remaining degrees of freedom.
    conditions = np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32)
    told = threshold(*planted(400, 1.0, conditions), conditions)
    untold = threshold(*planted(400, 1.0, conditions), NONE)
    unrelated = threshold(*planted(400, 1.0, conditions), conditions[::-1].copy())
    assert told.beta_c < 0.01 * untold.beta_c
    assert unrelated.beta_c == pytest.approx(untold.beta_c, rel=0.03)
    assert (told.n_conditions, untold.n_conditions) == (2, 0)


def test_conditions_that_tell_nothing_take_nothing_off() -> None:
    # 4 columns and a mean fitted to 40 steps take an eighth of the variance away; the degrees of freedom give it back.
    ratios = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        frames = planted(40, 1.0, random.normal(size=(40, 1)))
        alone, beside = (threshold(*frames, random.normal(size=(40, c)).astype(np.float32)) for c in (0, 4))
        assert beside.n_conditions == 4
        ratios.append(beside.lambda_max / alone.lambda_max)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)


def test_too_few_steps_are_not_regressed_on_conditions() -> None:
    # 8 columns explain any 9 residuals exactly: that would be no bound.
    conditions = np.random.default_rng(1).normal(size=(9, 8)).astype(np.float32)
    found = threshold(*planted(9, 1.0), conditions)
    assert found.n_conditions == 0
    assert found.lambda_max > 0.1
    assert estimate_threshold(*planted(1, 1.0), NONE[:1]) is None


def test_a_constant_condition_changes_nothing() -> None:
    still = np.ones((400, 3), dtype=np.float32)
    assert threshold(*planted(400, 1.0), still).beta_c == pytest.approx(threshold(*planted(400, 1.0), NONE).beta_c)


def test_a_store_and_a_look_at_its_source_agree(tmp_path: Path) -> None:
    # One draws steps from the packed train split, the other from episodes as they are read.
    world = PushingWorld(n_train=20, n_validate=1, n_test=0, n_frames=30)
    packed = store_threshold(open_store(world, 64, tmp_path), 30)
    looked = inspect(world, LaunchNeeds({"train": 12})).threshold
    assert packed is not None
    assert looked is not None
    assert packed.beta_c == pytest.approx(looked.beta_c, rel=0.1)
    assert (packed.image_size, packed.n_conditions) == (64, 7)
    assert store_threshold(open_store(world, 64, tmp_path), 30) == packed


def test_a_sample_of_many_episodes_stays_small_and_even() -> None:
    # Steps of all episodes have the same chance although the number of episodes is not known beforehand.
    sample, n = ResidualSample(), 400
    for i in range(n):
        frames = np.full((12, 8, 8, 3), 0, dtype=np.uint8)
        frames[1:] = i * 255 // n  # every step but the first stands still
        sample.add(Episode(str(i), frames, np.zeros((12, 1), dtype=np.float32), None), 8)
        assert len(sample._kept) <= 2 * N_RESIDUALS
    assert len(sample._kept) > N_RESIDUALS / 2
    kept = np.array([before.max() or after.max() for before, after, _ in sample._kept])
    assert np.mean(kept) == pytest.approx(127, abs=8)


def test_inspecting_says_it(lab: Path, run_data: Callable[..., str]) -> None:
    out = run_data("inspect", lab, "--n-frames", 12)
    assert "collapse: at 32x32 pixels beta_c is about" in out
    assert "linear in" not in out  # 33 steps are too few for 7 columns
    assert "from 33 steps" in out
