"""Image metrics against scikit-image and closed forms, on random and on real frames; baselines by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from cvae.evaluation.baselines import copy_last, flat_colour, linear
from cvae.evaluation.metrics.image_metrics import METRICS, mse, psnr, psnr_pooled, psnr_rgb, score_frames, ssim

BAIR = Path(__file__).parents[4].parent / "shared" / "data" / "bair_sample"
WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}


def bair_sequence() -> torch.Tensor:
    """The real sequence, (30, 3, 64, 64) in [0, 1]."""
    folder = next(path.parent for path in BAIR.rglob("0.png"))
    frames = [np.asarray(Image.open(folder / f"{t}.png").convert("RGB")) for t in range(30)]
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255


def pairs(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Predicted and true frames, (n, 3, S, S)."""
    generator = torch.Generator().manual_seed(3)
    if kind == "real":
        if not BAIR.exists():
            pytest.skip("the real frames are not here")
        sequence = bair_sequence()
        return sequence[:-1:4], sequence[1::4]
    if kind == "flat":  # nearly constant frames: where a variance is a small difference of large numbers
        base = torch.full((2, 3, 32, 32), 0.9)
        return base + 1e-3 * torch.rand(base.shape, generator=generator), base
    return torch.rand(2, 4, 3, 32, 32, generator=generator).unbind()  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["random", "flat", "real"])
def test_every_metric_equals_scikit_image(kind: str) -> None:
    predicted, target = pairs(kind)
    assert len(predicted) > 1
    for i, (p, t) in enumerate(zip(predicted.double().numpy(), target.double().numpy(), strict=True)):
        per_channel = np.mean([peak_signal_noise_ratio(t[c], p[c], data_range=1) for c in range(3)])
        assert psnr(predicted, target)[i] == pytest.approx(per_channel, rel=1e-6)
        assert psnr_rgb(predicted, target)[i] == pytest.approx(peak_signal_noise_ratio(t, p, data_range=1), rel=1e-6)
        assert mse(predicted, target)[i] == pytest.approx(mean_squared_error(t, p), rel=1e-6)
        expected = structural_similarity(t, p, channel_axis=0, **WINDOW)
        assert ssim(predicted, target)[i] == pytest.approx(expected, abs=1e-6)


def test_ssim_of_equal_frames_is_one_and_of_flat_frames_by_hand() -> None:
    frame = torch.rand(3, 32, 32)
    assert ssim(frame, frame).item() == pytest.approx(1.0, abs=1e-12)
    # two flat frames have no variance: (2 a b + C1) / (a^2 + b^2 + C1), here (0.4 + 1e-4) / (1.04 + 1e-4) at a 1, b .2
    assert ssim(torch.ones(3, 16, 16), torch.full((3, 16, 16), 0.2)).item() == pytest.approx(0.4001 / 1.0401, abs=1e-7)


def test_scores_are_frame_by_frame_and_broadcast() -> None:
    predicted, target = torch.rand(4, 2, 5, 3, 32, 32), torch.rand(4, 2, 1, 3, 32, 32)
    together = score_frames(METRICS, predicted, target)
    assert set(together) == {"psnr", "ssim", "mse", "psnr_rgb"}
    for name, values in together.items():
        assert values.shape == (4, 2, 5)
        alone = METRICS[name](predicted[3, 1, 4], target[3, 1, 0])
        assert values[3, 1, 4].item() == pytest.approx(alone.item(), rel=1e-6)


@pytest.mark.skipif(not BAIR.exists(), reason="the real frames are not here")
def test_the_three_variants_of_psnr_on_the_real_sequence() -> None:
    truth = bair_sequence()[:12, None]  # 2 given, 10 to come
    predicted, future = copy_last(truth, 2), truth[2:]
    variants = (
        psnr(predicted, future).mean(),
        psnr_rgb(predicted, future).mean(),
        psnr_pooled(mse(predicted, future).T).mean(),
    )
    assert [v.item() for v in variants] == pytest.approx([24.04, 24.02, 23.88], abs=0.005)


def test_baselines_by_hand() -> None:
    # a frame that brightens evenly by 0.1 a step: the straight line is exact until it would leave [0, 1]
    truth = torch.arange(6).view(6, 1, 1, 1, 1).expand(6, 1, 3, 2, 2) * 0.1 + 0.55
    assert linear(truth, 2)[:, 0, 0, 0, 0].tolist() == pytest.approx([0.75, 0.85, 0.95, 1.0])
    assert copy_last(truth, 2)[:, 0, 0, 0, 0].tolist() == pytest.approx([0.65] * 4)
    assert torch.equal(linear(truth, 1), copy_last(truth, 1))  # one given frame has no slope


def test_no_flat_frame_beats_the_flat_colour() -> None:
    truth = torch.rand(3, 2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    best = psnr(flat_colour(truth, 1), truth[1:])
    for shift in (-0.05, -0.001, 0.001, 0.05):
        assert (psnr(flat_colour(truth, 1) + shift, truth[1:]) < best).all()
