"""Energy score and CRPS against closed forms and brute force, and that a faulty forecast ranks below the truth."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from cvae.evaluation.metrics.image_metrics import mse, psnr_pooled
from cvae.evaluation.metrics.proper_scores import ProperScores, copy_energy_db, energy_db, score_samples


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def single_values(forecast: Tensor, truth: Tensor) -> ProperScores:
    """The scores of clips of one frame of one value: (B, K) and (B,)."""
    return score_samples(forecast[None, :, :, None, None, None], truth[None, :, None, None, None])


def analytic_crps(x: Tensor, mean: float, sd: float) -> Tensor:
    """Of N(mean, sd^2) at x (Gneiting & Raftery 2007, section 4.2)."""
    w, normal = (x - mean) / sd, torch.distributions.Normal(0.0, 1.0)
    density = torch.exp(-w.square() / 2) / math.sqrt(2 * math.pi)
    return sd * (w * (2 * normal.cdf(w) - 1) + 2 * density - 1 / math.sqrt(math.pi))


def by_hand(samples: Tensor, truth: Tensor) -> tuple[float, list[float], list[float]]:
    """Of one clip, (K, H, M) and (H, M), as the formulas are written: float64, and all ordered pairs k != l."""
    x, y = samples.double(), truth.double()
    pairs = list(itertools.permutations(range(len(x)), 2))

    def energy(a: Tensor, b: Tensor) -> float:
        error = np.mean([(sample - b).norm().item() for sample in a])
        spread = np.mean([(a[k] - a[j]).norm().item() for k, j in pairs])
        return float((error - spread / 2) / math.sqrt(b.numel()))

    frames = [energy(x[:, t], y[t]) for t in range(len(y))]
    spread = torch.stack([(x[k] - x[j]).abs() for k, j in pairs]).mean(dim=0)
    return energy(x, y), frames, ((x - y).abs().mean(dim=0) - spread / 2).mean(dim=1).tolist()


# size of a frame, samples, and how far from the truth and from each other the samples lie
@pytest.mark.parametrize(("size", "n_samples", "scale"), [(8, 7, 1.0), (8, 2, 1.0), (64, 4, 1e-3)])
def test_it_is_the_formula_over_all_pairs(size: int, n_samples: int, scale: float) -> None:
    truth = drawn(1, 3, 4, 3, size, size)  # H, B
    samples = truth[:, :, None] + scale * drawn(0, 3, 4, n_samples, 3, size, size)
    found = score_samples(samples, truth)
    for b in range(4):
        energy, frames, crps = by_hand(samples[:, b].transpose(0, 1).flatten(2), truth[:, b].flatten(1))
        assert found.energy[b] == pytest.approx(energy, rel=2e-5)
        assert found.energy_per_frame[b] == pytest.approx(frames, rel=2e-5)
        assert found.crps[b] == pytest.approx(crps, rel=2e-5)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.7, 1.0), (0.0, 2.0), (-0.4, 0.3)])
def test_of_a_normal_forecast_it_is_the_closed_form(mean: float, sd: float) -> None:
    # 40,000 values, each with 8 samples of its own
    truth = drawn(2, 1, 1, 1, 200, 200)
    found = score_samples(mean + sd * drawn(3, 1, 1, 8, 1, 200, 200), truth).crps.mean()
    standard_error = sd / math.sqrt(8 * 40_000)  # of the samples; the truth is the same on both sides
    assert found == pytest.approx(analytic_crps(truth, mean, sd).mean().item(), abs=4 * standard_error)


def test_of_one_value_the_energy_score_is_the_crps() -> None:
    truth = drawn(4, 500)
    found = single_values(0.3 + 0.8 * drawn(5, 500, 8), truth)
    assert np.allclose(found.energy, found.crps[:, 0], rtol=0, atol=1e-6)  # of a float32 square, and its root
    assert np.array_equal(found.energy, found.energy_per_frame[:, 0])
    error = found.energy - analytic_crps(truth, 0.3, 0.8).numpy()
    assert abs(error.mean()) < 4 * error.std(ddof=1) / math.sqrt(500)


def test_the_mean_does_not_move_with_the_number_of_samples() -> None:
    # The pairs with themselves, left in, would add 1/(2 K) of the mean distance of two samples: 0.14 at K = 2.
    truth, samples = drawn(6, 1, 2000, 3, 2, 2), drawn(7, 1, 2000, 16, 3, 2, 2)
    many, few = score_samples(samples, truth), score_samples(samples[:, :, :2], truth)
    for a, b in ((many.energy, few.energy), (many.crps[:, 0], few.crps[:, 0])):
        difference = b - a
        standard_error = difference.std(ddof=1) / math.sqrt(2000)
        assert standard_error < 0.01
        assert abs(difference.mean()) < 4 * standard_error


def test_of_equal_samples_it_is_the_error_of_the_forecast() -> None:
    truth, forecast = drawn(8, 5, 3, 3, 8, 8), drawn(9, 5, 3, 1, 3, 8, 8)
    found = score_samples(forecast.expand(-1, -1, 4, -1, -1, -1), truth)
    frame_mse = mse(forecast[:, :, 0], truth).T  # (B, H)
    assert np.allclose(found.energy, frame_mse.mean(dim=1).sqrt(), rtol=1e-6)
    assert np.allclose(found.crps, (forecast[:, :, 0] - truth).abs().mean(dim=(2, 3, 4)).T, rtol=1e-5)
    for b in range(3):  # in dB a clip's is its PSNR, all frames taken together
        assert energy_db(found.energy[b : b + 1]) == pytest.approx(psnr_pooled(frame_mse[b]).item(), abs=1e-5)
    whole, by_frame = copy_energy_db(frame_mse.numpy())
    assert found.summary()["energy_db"] == pytest.approx(whole, abs=1e-5)
    assert found.summary()["energy_db_per_frame"] == pytest.approx(by_frame, abs=1e-5)
    assert whole == pytest.approx(-20 * math.log10(frame_mse.mean(dim=1).sqrt().mean().item()), abs=1e-5)


def test_a_forecast_without_an_error_has_100_db() -> None:
    truth = drawn(10, 2, 1, 3, 4, 4)
    found = score_samples(truth[:, :, None].expand(-1, -1, 3, -1, -1, -1), truth)
    assert found.energy.tolist() == [0.0]
    assert found.summary()["energy_db"] == pytest.approx(100.0)
    assert energy_db(np.array([-1e-3])) == pytest.approx(100.0)  # an estimate may fall below the score
    assert math.isnan(energy_db(np.array([math.nan, 0.1])))


def test_half_precision_frames_are_summed_in_float32() -> None:
    samples, truth = drawn(11, 2, 2, 4, 3, 32, 32).bfloat16(), drawn(12, 2, 2, 3, 32, 32)
    assert np.array_equal(score_samples(samples, truth).energy, score_samples(samples.float(), truth).energy)


N_FRAMES, SIZE = 6, 12

#: Places of the lid's edge in each frame, for every way in which its coins can fall.
PATHS = 6 + np.cumsum(list(itertools.product((-1, 1), repeat=N_FRAMES)), axis=1)  # (64, H)


def lids(rows: Tensor) -> Tensor:
    """Frames of a lid that covers what lies below its edge: (..., H) -> (..., H, 1, S, S)."""
    below = torch.arange(SIZE) >= rows[..., None]
    return (0.6 * below.float())[..., None, :, None].expand(*below.shape[:-1], 1, SIZE, SIZE)


def lid_world(n_clips: int, n_samples: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """A lid that moves a row at every frame by a hidden coin: truths, samples of the truth, and the mean picture."""
    generator = torch.Generator().manual_seed(seed)
    paths = torch.from_numpy(PATHS)
    chosen = paths[torch.randint(len(paths), (n_clips, n_samples + 1), generator=generator)]
    frames = lids(chosen).permute(2, 0, 1, 3, 4, 5)  # (H, B, K + 1, 1, S, S)
    return frames[:, :, 0], frames[:, :, 1:], lids(paths).mean(dim=0)[:, None, None]


def reordered(samples: Tensor, *own: int) -> Tensor:
    """The samples of each clip in another order for each index of the dimensions `own`: what each shows stays."""
    shape = [samples.shape[d] if d in (1, 2, *own) else 1 for d in range(samples.ndim)]
    order = torch.rand(shape, generator=torch.Generator().manual_seed(1)).argsort(dim=2)
    return samples.gather(2, order.expand(samples.shape))


#: Fault -> samples of it, from (samples of the truth, the mean picture).
FAULTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "shifted by a row": lambda samples, mean: samples.roll(1, dims=-2),
    "too bright by 0.1": lambda samples, mean: samples + 0.1,
    "half as wide": lambda samples, mean: mean + 0.5 * (samples - mean),
    "1.6 times as wide": lambda samples, mean: mean + 1.6 * (samples - mean),
    "collapsed to the mean": lambda samples, mean: mean.expand_as(samples),
    "pixels drawn independently": lambda samples, mean: reordered(samples, 0, 4, 5),
    "frames drawn independently": lambda samples, mean: reordered(samples, 0),
}


def t_of(fault: str, n_clips: int, n_samples: int, seed: int) -> float:
    """By how many standard errors of the paired difference a fault's energy score is worse than the truth's."""
    truth, samples, mean = lid_world(n_clips, n_samples, seed)
    d = score_samples(FAULTS[fault](samples, mean), truth).energy - score_samples(samples, truth).energy
    return float(d.mean() / (d.std(ddof=1) / math.sqrt(n_clips)))


#: Clips, each with 8 samples, with which a fault scores worse by two standard errors in every one of twelve draws.
RANKED_WITH = {
    "shifted by a row": 6,
    "collapsed to the mean": 6,
    "half as wide": 12,
    "1.6 times as wide": 12,
    "pixels drawn independently": 24,
    "too bright by 0.1": 48,
    "frames drawn independently": 96,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ranks_below_the_truth(fault: str) -> None:
    assert min(t_of(fault, RANKED_WITH[fault], 8, seed) for seed in range(12)) > 2


@pytest.mark.parametrize("fault", ["pixels drawn independently", "frames drawn independently"])
def test_wrong_dependence_is_told_by_the_energy_score_weakly_and_by_crps_not_at_all(fault: str) -> None:
    # Pinson & Tastu 2013: beside a wrong place or width the score hardly moves, which takes clips to see.
    truth, samples, mean = lid_world(500, 8, 99)
    right, wrong = score_samples(samples, truth), score_samples(FAULTS[fault](samples, mean), truth)
    shift = score_samples(FAULTS["shifted by a row"](samples, mean), truth)
    assert np.allclose(wrong.crps, right.crps, rtol=0, atol=1e-7)
    assert 0.01 < wrong.energy.mean() / right.energy.mean() - 1 < 0.05
    assert shift.energy.mean() / right.energy.mean() - 1 > 0.5


def test_the_error_of_one_sample_prefers_the_collapse_and_proper_scores_do_not() -> None:
    # The squared error of a draw is twice the variance, that of the mean once: 3 dB for knowing less.
    truth, samples, mean = lid_world(500, 8, 98)
    collapsed = mean.expand_as(samples)
    errors = [mse(forecast[:, :, 0], truth).mean().item() for forecast in (samples, collapsed)]
    assert 10 * math.log10(errors[0] / errors[1]) == pytest.approx(3.0, abs=0.3)
    right, wrong = score_samples(samples, truth), score_samples(collapsed, truth)
    assert wrong.summary()["energy_db"] < right.summary()["energy_db"] - 2  # type: ignore[operator]
    assert wrong.crps.mean() > 1.2 * right.crps.mean()
