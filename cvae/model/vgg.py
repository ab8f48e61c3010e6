"""VGG encoder and decoder with skips at every resolution (SVG, Denton & Fergus 2018, appendix A).

A stage is a resolution; a layer is Conv 3x3, norm, LeakyReLU(0.2). Published: 64, 128, 256, 512 channels in
2, 2, 3, 3 layers at 64, 32, 16, 8 pixels. A 32 pixel image drops the deepest stage; 128 adds one of
512 channels in 3 layers, as SVG's vgg_128 does.
"""

from itertools import pairwise
from typing import Literal, cast

import torch
from torch import Tensor, nn

from cvae.config import CHANNELS_PER_GROUP, LAYERS, stage_channels
from cvae.model.chunking import Chunking, pool_and_keep
from cvae.model.convolution import Convolution
from cvae.model.decoder_stage import DecoderStage, Kernels, MergeLayer

Norm = Literal["batch", "group"]


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """Return batch norm, or group norm with 16 channels a group (one group where they do not divide).

    Batch norm takes its statistics in training from the frames of one call: true frames are encoded T x B at once, a
    frame that is fed back with its B neighbours, and decoding is T x B or B at a time likewise. So its numbers depend
    on how many steps are forced, but for `batch_statistics: frame`, where every call holds B frames of one time step
    (`Codec`). Group norm sees one frame at a time and does not.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    groups = channels // CHANNELS_PER_GROUP if channels % CHANNELS_PER_GROUP == 0 else 1
    return nn.GroupNorm(groups, channels)


def make_activation() -> nn.LeakyReLU:
    """Return LeakyReLU(0.2), in place: the norm before it needs its input for the gradient, not its output."""
    return nn.LeakyReLU(0.2, inplace=True)


def make_layer(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """Return Conv 3x3, norm, LeakyReLU(0.2)."""
    return nn.Sequential(Convolution(inputs, outputs), make_norm(norm, outputs), make_activation())


def make_stage(channels: list[int], norm: Norm) -> nn.Sequential:
    """Return layers from each number of channels to the next."""
    return nn.Sequential(*(make_layer(a, b, norm) for a, b in pairwise(channels)))


class Encoder(nn.Module):
    """Frames (N, 3, S, S) in [0, 1] -> codes (N, g_dim) in (-1, 1) and one skip a stage, (N, C_i, S/2^i, S/2^i)."""

    def __init__(self, image_size: int, width: float, g_dim: int, norm: Norm, parts: Chunking) -> None:
        super().__init__()
        self.channels = stage_channels(image_size, width)
        self.parts = parts
        inputs = [3, *self.channels[:-1]]
        self.stages = nn.ModuleList(
            make_stage([i, *[c] * n], norm) for i, c, n in zip(inputs, self.channels, LAYERS, strict=False)
        )
        self.head = nn.Sequential(nn.Conv2d(self.channels[-1], g_dim, 4), make_norm(norm, g_dim), nn.Tanh())

    def forward(self, frames: Tensor, n_skips: int | None = None) -> tuple[Tensor, list[Tensor]]:
        """Return codes and skips, full resolution first; of the first `n_skips` frames where not all are wanted."""
        n_skips = len(frames) if n_skips is None else n_skips
        skips: list[Tensor] = []
        x = frames
        for stage, channels in zip(self.stages, self.channels, strict=True):
            outputs = [self.parts.run(stage, part) for part in self.parts.split(x, channels * x.shape[-1] ** 2)]
            pooled, kept = pool_and_keep(outputs, n_skips)
            if kept:
                skips.append(join(kept))
            x = join(pooled)
        return self.head(x).flatten(1), skips


class Decoder(nn.Module):
    """Codes (N, g_dim) and the projected skips -> frames (N, 3, S, S) in (0, 1).

    Skips of M frames may serve N = k M codes, ordered so that code i takes skip i mod M.
    """

    def __init__(self, image_size: int, width: float, g_dim: int, norm: Norm, parts: Chunking) -> None:
        super().__init__()
        self.channels = stage_channels(image_size, width)[::-1]  # deepest first
        self.parts = parts
        deepest = self.channels[0]
        self.head = nn.Sequential(nn.ConvTranspose2d(g_dim, deepest, 4), make_norm(norm, deepest), make_activation())
        layers = LAYERS[len(self.channels) - 1 : 0 : -1]
        stages: list[DecoderStage] = []
        for (channels, fewer), n in zip(pairwise(self.channels), layers, strict=True):
            widths = [*[channels] * (n - 1), fewer]
            stages.append(DecoderStage(make_merge(channels, norm), *make_stage(widths, norm)))
        last = nn.ConvTranspose2d(self.channels[-1], 3, 3, padding=1)
        stages.append(DecoderStage(make_merge(self.channels[-1], norm), last))
        self.stages = nn.ModuleList(stages)

    def _by_stage(self) -> list[DecoderStage]:
        return cast(list[DecoderStage], list(self.stages))

    def kernels(self) -> list[Kernels]:
        """Return the merges' weights as `project` and a call use them, deepest first. Make them once a rollout."""
        return [stage.merge.kernels() for stage in self._by_stage()]

    def project(self, skips: list[Tensor], kernels: list[Kernels]) -> list[Tensor]:
        """Return what skips (M, C_i, s_i, s_i) add to each stage's first convolution, deepest first.

        It is the same for every code that they serve, so it is computed once.
        """
        by_stage = zip(self._by_stage(), reversed(skips), kernels, strict=True)
        return [stage.merge.project(skip, of_stage) for stage, skip, of_stage in by_stage]

    def forward(self, codes: Tensor, projected: list[Tensor], kernels: list[Kernels]) -> Tensor:
        """Return the frames (N, 3, S, S), by what `project` made of the skips of M of them; N is a multiple of M."""
        x = self.head(codes[:, :, None, None])
        for stage, channels, skip, (enlarging, _) in zip(
            self._by_stage(), self.channels, projected, kernels, strict=True
        ):
            is_shared, n_values = len(skip) < len(x), channels * (2 * x.shape[-1]) ** 2
            below = self.parts.split(x, n_values, multiple=len(skip) if is_shared else 1)
            skips = [skip] * len(below) if is_shared else self.parts.split(skip, n_values)
            x = join([self.parts.run(stage, *pair, enlarging) for pair in zip(below, skips, strict=True)])
        return torch.sigmoid(x.float())  # outside autocast's 8 bits: PSNR is measured on this


def make_merge(channels: int, norm: Norm) -> MergeLayer:
    """Return a decoder stage's first layer: what comes from below, enlarged, beside the skip."""
    return MergeLayer(nn.Conv2d(2 * channels, channels, 3, padding=1), make_norm(norm, channels), make_activation())


def join(parts: list[Tensor]) -> Tensor:
    """Return the parts as one tensor, without a copy where there is one part."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)
