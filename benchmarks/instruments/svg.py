"""The baselines of the training benchmark: SVG's published networks in two orders, as docs/performance.md names them.

*SVG's order* encodes each frame once, all of them before the first step, as the published training does. *The lab's
order* encodes x[t-1] and x[t] anew at every step. Both go frame by frame with LSTM cells, an Adam optimizer for each
network (the published code's fifth is a learned prior's), float32 and contiguous tensors. Written for the benchmark
with PyTorch's layers alone, so that nothing here gets faster with `cvae.model`. `load` copies a model's weights, so
that all train from the same ones.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvae.model import CVAE

Memory = list[tuple[Tensor, Tensor]]
Features = tuple[Tensor, list[Tensor]]  # a code and its skips

#: In which order frames are encoded; docs, rows and notes name a baseline by these words.
Order = Literal["SVG's order", "the lab's order"]
SVGS_ORDER: Order = "SVG's order"
LABS_ORDER: Order = "the lab's order"
ORDERS = (SVGS_ORDER, LABS_ORDER)


def layer(inputs: int, outputs: int, norm: str) -> nn.Sequential:
    """Return Conv 3x3, norm, LeakyReLU(0.2)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), make_norm(norm, outputs), nn.LeakyReLU(0.2))


def make_norm(norm: str, channels: int) -> nn.Module:
    """Return batch norm, or group norm of 16 channels a group."""
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.GroupNorm(channels // 16, channels)


def stages_of(channels: list[int], norm: str) -> nn.ModuleList:
    """Return the encoder's stages."""
    a, b, c, d = channels
    layers = [(3, a, a), (a, b, b), (b, c, c, c), (c, d, d, d)]
    return nn.ModuleList([stage(*one, norm=norm) for one in layers])


def stage(*channels: int, norm: str) -> nn.Sequential:
    """Return layers from each number of channels to the next."""
    return nn.Sequential(*(layer(a, b, norm) for a, b in pairwise(channels)))


class Encoder(nn.Module):
    """SVG's encoder at 64 pixels."""

    def __init__(self, channels: list[int], g_dim: int, norm: str) -> None:
        super().__init__()
        self.stages = stages_of(channels, norm)
        self.head = nn.Sequential(nn.Conv2d(channels[-1], g_dim, 4), make_norm(norm, g_dim), nn.Tanh())

    def forward(self, x: Tensor) -> Features:
        """Frames (B, 3, 64, 64) -> codes (B, g_dim) and skips."""
        skips: list[Tensor] = []
        for one in self.stages:
            skips.append(one(x if not skips else F.max_pool2d(skips[-1], 2)))
        return self.head(F.max_pool2d(skips[-1], 2)).flatten(1), skips


class Decoder(nn.Module):
    """SVG's decoder at 64 pixels."""

    def __init__(self, channels: list[int], g_dim: int, norm: str) -> None:
        super().__init__()
        a, b, c, d = channels
        self.head = nn.Sequential(nn.ConvTranspose2d(g_dim, d, 4), make_norm(norm, d), nn.LeakyReLU(0.2))
        self.stages = nn.ModuleList(
            [
                stage(2 * d, d, d, c, norm=norm),
                stage(2 * c, c, c, b, norm=norm),
                stage(2 * b, b, a, norm=norm),
                nn.Sequential(layer(2 * a, a, norm), nn.ConvTranspose2d(a, 3, 3, padding=1)),
            ]
        )

    def forward(self, code: Tensor, skips: list[Tensor]) -> Tensor:
        """Codes (B, g_dim) and skips -> frames (B, 3, 64, 64)."""
        x = self.head(code[:, :, None, None])
        for one, skip in zip(self.stages, reversed(skips), strict=True):
            x = one(torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], dim=1))
        return torch.sigmoid(x)


class Cells(nn.Module):
    """Linear, LSTM cells, and linear outputs."""

    def __init__(self, inputs: int, size: int, n_cells: int, outputs: dict[str, int]) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, size)
        self.cells = nn.ModuleList([nn.LSTMCell(size, size) for _ in range(n_cells)])
        self.outputs = nn.ModuleDict({name: nn.Linear(size, n) for name, n in outputs.items()})

    def start(self, n: int) -> Memory:
        """Return the memory at the start of a sequence."""
        size = self.embed.out_features
        zeros = self.embed.weight.new_zeros(n, size)
        return [(zeros, zeros) for _ in self.cells]

    def forward(self, x: Tensor, memory: Memory) -> list[Tensor]:
        """Make one step; the memory is replaced."""
        x = self.embed(x)
        for k, cell in enumerate(self.cells):
            memory[k] = cell(x, memory[k])
            x = memory[k][0]
        return [output(x) for output in self.outputs.values()]


class SVG:
    """The networks, each with an optimizer of its own: g 128, z 64, LSTMs of 256, and 64 to 512 channels."""

    def __init__(
        self,
        order: Order,
        norm: str,
        n_conditions: int,
        lr: float,
        n_past: int = 2,
        width: float = 1.0,
        device: str = "cpu",
    ) -> None:
        self.order = order
        self.n_past = n_past
        channels = [round(n * width) for n in (64, 128, 256, 512)]
        self.encoder, self.decoder = Encoder(channels, 128, norm), Decoder(channels, 128, norm)
        self.predictor = Cells(128 + 64 + n_conditions, 256, 2, {"output": 128})
        self.posterior = Cells(128, 256, 1, {"mu": 64, "logvar": 64})
        networks = [network.to(device) for network in (self.encoder, self.decoder, self.predictor, self.posterior)]
        self.optimizers = [torch.optim.Adam(network.parameters(), lr=lr) for network in networks]

    def load(self, model: CVAE) -> None:
        """Copy a model's weights."""
        self.encoder.load_state_dict(model.encoder.state_dict())
        self.decoder.load_state_dict(model.decoder.state_dict())
        for cells, network in ((self.predictor, model.frame_predictor), (self.posterior, model.posterior)):
            cells.load_state_dict(dict(renamed(network.state_dict())))

    def step(self, frames: Tensor, conditions: Tensor, noise: Tensor, beta: float, *, is_forced: bool) -> float:
        """Make one update; frames (T, B, 3, 64, 64), conditions (T, B, C), noise (T-1, B, 64) -> the loss."""
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        n_clips = frames.shape[1]
        memories = self.predictor.start(n_clips), self.posterior.start(n_clips)
        error, kl, predicted = frames.new_zeros(()), frames.new_zeros(()), frames[0]
        once = [self.encoder(frame) for frame in frames] if self.order == SVGS_ORDER else None
        for t in range(1, len(frames)):
            is_true = is_forced or t <= self.n_past
            if once is not None:
                (code, new), (target, _) = once[t - 1] if is_true else self.encoder(predicted), once[t]
            else:
                (code, new), (target, _) = (
                    self.encoder(frames[t - 1] if is_true else predicted),
                    self.encoder(frames[t]),
                )
            if t <= self.n_past:
                skips = new
            mu, logvar = self.posterior(target, memories[1])
            z = mu + noise[t - 1] * torch.exp(0.5 * logvar)
            (hidden,) = self.predictor(torch.cat([code, z, conditions[t - 1]], dim=1), memories[0])
            predicted = self.decoder(torch.tanh(hidden), skips)
            error = error + F.mse_loss(predicted, frames[t])
            kl = kl - 0.5 * (1 + logvar - mu.square() - logvar.exp()).sum() / n_clips
        loss = error + beta * kl
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.item()


def renamed(state: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights of one of `cvae.model`'s recurrent networks by the names they have here."""
    for name, weight in state.items():
        if name.startswith("cells."):
            kind, _, k = name.removeprefix("cells.").rpartition("_l")
            yield f"cells.{k}.{kind}", weight
        elif name.startswith(("output.", "mu.", "logvar.")):
            yield f"outputs.{name}", weight
        else:
            yield name, weight
