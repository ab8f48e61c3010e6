"""Forecasters that know the world: their scores by definition, and which score ranks them right."""

import numpy as np
import pytest

from cvae.data.redrawn_futures import FutureScores, energy_of_futures, score_futures, score_redrawn
from cvae.data.sources.pushing_world import PushingWorld


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N, K) root mean square distances of rows."""
    return np.sqrt(np.square(x[:, None] - y[None]).mean(axis=-1))


def energy_by_definition(samples: np.ndarray, truth: np.ndarray) -> float:
    """The fair energy score in loops, from (N, M) samples."""
    n = len(samples)
    to_truth = sum(np.sqrt(np.mean((x - truth) ** 2)) for x in samples) / n
    pairs = [np.sqrt(np.mean((samples[k] - samples[j]) ** 2)) for k in range(n) for j in range(n) if k != j]
    return float(to_truth - (sum(pairs) / len(pairs) / 2 if pairs else 0.0))


def test_a_clips_scores_are_those_of_the_definitions() -> None:
    futures = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 4, 3), dtype=np.uint8)
    futures[3, :2] = futures[1, :2]  # a frame that is met exactly
    x = futures / 255.0
    psnr: dict[str, list[float]] = {"sampler": [], "mean": []}
    energy: dict[str, list[float]] = {"sampler": [], "mean": []}
    for k in range(5):
        others = np.delete(x, k, axis=0)
        for name, forecasts in (("sampler", others), ("mean", others.mean(axis=0, keepdims=True))):
            error = ((forecasts - x[k]) ** 2).mean(axis=(2, 3))  # (N, H, 3)
            psnr[name].append(float((-10 * np.log10(np.maximum(error, 1e-10))).mean()))
            energy[name].append(energy_by_definition(forecasts.reshape(len(forecasts), -1), x[k].ravel()))
    expected = [np.mean(values) for values in (psnr["sampler"], psnr["mean"], energy["sampler"], energy["mean"])]
    np.testing.assert_allclose(score_futures(futures), expected, rtol=1e-9)


def test_the_energy_score_of_normals_is_the_closed_form() -> None:
    # One value, truth N(0, 1): samples N(m, s^2) have E|X - Y| - E|X - X'| / 2, each the mean of a folded normal.
    random = np.random.default_rng(1)
    n_clips, n_samples = 20_000, 4
    truths = random.standard_normal(n_clips)
    for shift, width, expected in ((0.0, 1.0, 1 / np.sqrt(np.pi)), (0.0, 0.0, np.sqrt(2 / np.pi)), (0.0, 2.0, 0.6557)):
        samples = shift + width * random.standard_normal((n_clips, n_samples))
        scores = [
            energy_of_futures(np.abs(row - truth), np.abs(row[:, None] - row[None]))
            for row, truth in zip(samples, truths, strict=True)
        ]
        assert np.mean(scores) == pytest.approx(expected, abs=4 * np.std(scores) / np.sqrt(n_clips))


def test_the_score_is_fair_at_every_number_of_samples() -> None:
    # The same expectation from 2 samples as from 12: averages over pairs of different samples have no bias.
    random = np.random.default_rng(2)
    means = []
    for n in (2, 12):
        scores = []
        for _ in range(4000):
            samples, truth = random.standard_normal((n, 6)), random.standard_normal((1, 6))
            scores.append(energy_of_futures(distances(samples, truth)[:, 0], distances(samples, samples)))
        means.append((np.mean(scores), np.std(scores) / np.sqrt(4000)))
    (few, few_error), (many, many_error) = means
    assert abs(few - many) < 4 * np.hypot(few_error, many_error)


def test_futures_share_their_past_and_nothing_else() -> None:
    world = PushingWorld(seed=3, n_train=2, n_frames=12, gate=9.0)
    own = world.trajectory("train", 1)
    futures = world.redraw("train", 1, 10, n_given=3, n_futures=6)
    again = world.redraw("train", 1, 10, n_given=3, n_futures=4)
    for future, same in zip(futures, again, strict=False):
        np.testing.assert_array_equal(future.poses, same.poses)  # a function of its number
    for future in futures:
        assert future.lid is not None
        assert own.lid is not None
        np.testing.assert_array_equal(future.gripper[:3], own.gripper[:3])
        np.testing.assert_array_equal(future.poses[:3], own.poses[:3])
        np.testing.assert_array_equal(future.lid[:3], own.lid[:3])
        np.testing.assert_array_equal(future.actions, own.actions[:10])
        assert (future.gripper[3] != own.gripper[3]).any()
    assert len({future.gripper[3].tobytes() for future in futures}) == 6
    assert len({future.lid.tobytes() for future in futures if future.lid is not None}) > 2


def test_there_is_nothing_to_score_without_a_future() -> None:
    world = PushingWorld(n_train=1, n_validate=0, n_test=0, n_frames=12)
    assert score_redrawn(world, 2, 16) is None
    assert score_redrawn(world, 13, 16) is None
    assert score_redrawn(PushingWorld(n_train=0, n_validate=0, n_test=0), 12, 16) is None
    scores = score_redrawn(world, 3, 16)
    assert scores is not None
    assert scores.n_clips == 1
    assert np.isnan(scores.energy_lead[1])


def scored(**options: float) -> FutureScores:
    scores = score_redrawn(PushingWorld.model_validate(options), 10, 32)
    assert scores is not None
    return scores


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"slip": 3.0}, {"gate": 9.0}], ids=str)
def test_the_energy_score_puts_the_sampler_first_and_psnr_does_not(options: dict[str, float]) -> None:
    # The sampler is the world itself; a score that ranks it behind one blurred picture asks for a dead latent.
    scores = scored(**options)
    lead, error = scores.energy_lead
    assert lead > 10 * error
    assert (scores.mean_psnr - scores.sampler_psnr).mean() > 0.3
    assert scores.sampler_energy.mean() < 0.75 * scores.mean_energy.mean()
