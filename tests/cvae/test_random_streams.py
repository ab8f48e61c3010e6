"""Batches, noise and coins are functions of (seed, step) alone."""

import numpy as np
import torch

from cvae.random_streams import batch_indices, clip_noise, step_coins, step_noise


def test_every_clip_is_seen_once_a_pass() -> None:
    # 7 clips in batches of 3: the first 21 draws are three whole passes, whatever the batch boundaries
    drawn = np.concatenate([batch_indices(7, 3, seed=4, step=s) for s in range(7)])
    passes = drawn.reshape(3, 7)
    assert all(sorted(one) == list(range(7)) for one in passes.tolist())
    assert passes[0].tolist() != passes[1].tolist()


def test_a_batch_may_be_larger_than_the_data() -> None:
    assert sorted(batch_indices(2, 6, seed=0, step=3).tolist()) == [0, 0, 0, 1, 1, 1]


def test_a_step_does_not_depend_on_the_steps_before_it() -> None:
    assert batch_indices(50, 4, 1, 9).tolist() == batch_indices(50, 4, 1, 9).tolist()
    assert torch.equal(step_noise((3, 2, 4), 1, 9), step_noise((3, 2, 4), 1, 9))
    assert not torch.equal(step_noise((3, 2, 4), 1, 9), step_noise((3, 2, 4), 1, 10))
    assert not torch.equal(step_noise((3, 2, 4), 1, 9), step_noise((3, 2, 4), 2, 9))


def test_noise_is_standard_normal() -> None:
    noise = step_noise((100, 100, 10), 0, 0)
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 1) < 0.01


def test_coins_fall_with_the_ratio() -> None:
    assert step_coins((50, 50), 1.0, 0, 0).all()
    assert not step_coins((50, 50), 0.0, 0, 0).any()
    assert abs(step_coins((200, 200), 0.3, 0, 0).float().mean() - 0.3) < 0.01


def test_a_lower_ratio_only_takes_truth_away() -> None:
    # Runs of one seed share their coins: an arm with a lower ratio frees a superset of the other's steps.
    high, low = step_coins((50, 50), 0.7, 0, 3), step_coins((50, 50), 0.4, 0, 3)
    assert (low <= high).all()


def test_evaluation_noise_belongs_to_the_clip() -> None:
    together = clip_noise(np.arange(5), 4, 3, seed=2)
    for i in (4, 0, 2):
        assert torch.equal(clip_noise(np.array([i]), 4, 3, seed=2)[:, 0], together[:, i])
    assert not torch.equal(together[:, 0], together[:, 1])
