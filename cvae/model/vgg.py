"""VGG encoder and decoder with skips at every resolution (SVG, Denton & Fergus 2018, appendix A).

A stage is a resolution; a layer is Conv 3x3, norm, LeakyReLU(0.2). Published: 64, 128, 256, 512 channels in
2, 2, 3, 3 layers at 64, 32, 16, 8 pixels. A 32 pixel image drops the deepest stage, as SVG's 128 adds one.
"""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Literal["batch", "group"]

PUBLISHED_CHANNELS = (64, 128, 256, 512)
LAYERS = (2, 2, 3, 3)
CHANNELS_PER_GROUP = 16


def stage_channels(image_size: int, width: float) -> list[int]:
    """Return the channels of each stage, from full resolution down to 8 pixels.

    A scaled width is rounded to whole groups of 16 channels, so that both norms exist at every width.
    """
    n_stages = {32: 3, 64: 4}[image_size]
    groups = [max(1, round(channels * width / CHANNELS_PER_GROUP)) for channels in PUBLISHED_CHANNELS[:n_stages]]
    return [CHANNELS_PER_GROUP * n for n in groups]


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """Return batch norm, or group norm with 16 channels a group (one group where they do not divide).

    Batch norm takes its statistics in training from the frames of one call: true frames are encoded T x B at once, a
    frame that is fed back with its B neighbours, and decoding is T x B or B at a time likewise. So its numbers depend
    on how many steps are forced. Group norm sees one frame at a time and does not.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    groups = channels // CHANNELS_PER_GROUP if channels % CHANNELS_PER_GROUP == 0 else 1
    return nn.GroupNorm(groups, channels)


def make_layer(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """Return Conv 3x3, norm, LeakyReLU(0.2)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), make_norm(norm, outputs), nn.LeakyReLU(0.2))


def make_stage(channels: list[int], norm: Norm) -> nn.Sequential:
    """Return layers from each number of channels to the next."""
    return nn.Sequential(*(make_layer(a, b, norm) for a, b in pairwise(channels)))


class Encoder(nn.Module):
    """Frames (N, 3, S, S) in [0, 1] -> codes (N, g_dim) in (-1, 1) and one skip a stage, (N, C_i, S/2^i, S/2^i)."""

    def __init__(self, image_size: int, width: float, g_dim: int, norm: Norm) -> None:
        super().__init__()
        channels = stage_channels(image_size, width)
        inputs = [3, *channels[:-1]]
        self.stages = nn.ModuleList(
            make_stage([i, *[c] * n], norm) for i, c, n in zip(inputs, channels, LAYERS, strict=False)
        )
        self.head = nn.Sequential(nn.Conv2d(channels[-1], g_dim, 4), make_norm(norm, g_dim), nn.Tanh())

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return codes and skips, full resolution first."""
        skips: list[Tensor] = []
        x = frames
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        return self.head(x).flatten(1), skips


class Decoder(nn.Module):
    """Codes (N, g_dim) and skips as the encoder gave them -> frames (N, 3, S, S) in (0, 1)."""

    def __init__(self, image_size: int, width: float, g_dim: int, norm: Norm) -> None:
        super().__init__()
        channels = stage_channels(image_size, width)
        deepest = channels[-1]
        self.head = nn.Sequential(nn.ConvTranspose2d(g_dim, deepest, 4), make_norm(norm, deepest), nn.LeakyReLU(0.2))
        stages: list[nn.Sequential] = []
        for i in range(len(channels) - 1, 0, -1):  # deepest first
            stages.append(make_stage([2 * channels[i], *[channels[i]] * (LAYERS[i] - 1), channels[i - 1]], norm))
        stages.append(
            nn.Sequential(
                make_layer(2 * channels[0], channels[0], norm),
                nn.ConvTranspose2d(channels[0], 3, 3, padding=1),
            )
        )
        self.stages = nn.ModuleList(stages)

    def forward(self, codes: Tensor, skips: list[Tensor]) -> Tensor:
        """Return the frames."""
        x = self.head(codes[:, :, None, None])
        for stage, skip in zip(self.stages, reversed(skips), strict=True):
            x = stage(torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], dim=1))
        return torch.sigmoid(x.float())  # outside autocast's 8 bits: PSNR is measured on this
