"""SVG's procedure as the papers tell it, for one clip and one frame at a time: what the model is compared with.

Written for the tests, from the weights alone (`state_dict`): no layer, loop or batching of `cvae.model` is used. It
holds for group norm, where no frame knows of another.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

Weights = dict[str, Tensor]
Memory = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Method:
    """What distinguishes one model from another."""

    n_past: int
    skip: str
    has_prior: bool
    past_codes: bool = False
    past_z: str = "posterior"
    detach: bool = False
    offset: int = -1


def layer(w: Weights, name: str, x: Tensor) -> Tensor:
    """Conv 3x3, group norm with 16 channels a group, LeakyReLU(0.2)."""
    x = F.conv2d(x, w[f"{name}.0.weight"], w[f"{name}.0.bias"], padding=1)
    x = F.group_norm(x, x.shape[1] // 16, w[f"{name}.1.weight"], w[f"{name}.1.bias"])
    return torch.where(x > 0, x, 0.2 * x)


def n_layers(w: Weights, stage: str) -> int:
    return len({k.split(".")[3] for k in w if k.startswith(f"{stage}.") and k.endswith(".1.weight")})


def encode(w: Weights, frame: Tensor) -> tuple[Tensor, list[Tensor]]:
    """One frame (3, S, S) -> its code (G,) and its skips."""
    x, skips = frame[None], []
    for i in range(3):  # 32 pixels
        for j in range(n_layers(w, f"encoder.stages.{i}")):
            x = layer(w, f"encoder.stages.{i}.{j}", x)
        skips.append(x)
        x = F.max_pool2d(x, 2)
    x = F.conv2d(x, w["encoder.head.0.weight"], w["encoder.head.0.bias"])
    x = F.group_norm(x, x.shape[1] // 16, w["encoder.head.1.weight"], w["encoder.head.1.bias"])
    return torch.tanh(x).flatten(), skips


def decode(w: Weights, code: Tensor, skips: list[Tensor]) -> Tensor:
    """One code (G,) -> one frame (3, S, S)."""
    x = F.conv_transpose2d(code.view(1, -1, 1, 1), w["decoder.head.0.weight"], w["decoder.head.0.bias"])
    x = F.group_norm(x, x.shape[1] // 16, w["decoder.head.1.weight"], w["decoder.head.1.bias"])
    x = torch.where(x > 0, x, 0.2 * x)
    for i in range(3):
        x = torch.cat([x.repeat_interleave(2, 2).repeat_interleave(2, 3), skips[2 - i]], dim=1)
        if i < 2:
            for j in range(n_layers(w, f"decoder.stages.{i}")):
                x = layer(w, f"decoder.stages.{i}.{j}", x)
    x = layer(w, "decoder.stages.2.0", x)
    x = F.conv_transpose2d(x, w["decoder.stages.2.1.weight"], w["decoder.stages.2.1.bias"], padding=1)
    return (1 / (1 + torch.exp(-x)))[0]


def recur(w: Weights, name: str, x: Tensor, memory: Memory) -> Tensor:
    """Embed a vector and pass it through the LSTM cells, whose memory is replaced; -> the last cell's output."""
    x = w[f"{name}.embed.weight"] @ x + w[f"{name}.embed.bias"]
    for k in range(sum(key.startswith(f"{name}.cells.weight_ih") for key in w)):
        own = f"{name}.cells.{{}}_l{k}"
        size = w[own.format("weight_hh")].shape[1]
        if len(memory) <= k:
            memory.append((torch.zeros(size), torch.zeros(size)))
        h, c = memory[k]
        gates = w[own.format("weight_ih")] @ x + w[own.format("bias_ih")]
        gates = gates + w[own.format("weight_hh")] @ h + w[own.format("bias_hh")]
        i, f, g, o = gates.split(size)  # PyTorch's order: input, forget, cell, output
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        x = torch.sigmoid(o) * torch.tanh(c)
        memory[k] = (x, c)
    return x


def gaussian(w: Weights, name: str, code: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
    """The posterior's or the prior's mu and logvar after one more code."""
    x = recur(w, name, code, memory)
    return tuple(w[f"{name}.{part}.weight"] @ x + w[f"{name}.{part}.bias"] for part in ("mu", "logvar"))  # type: ignore[return-value]


def divergence(mu1: Tensor, logvar1: Tensor, mu2: Tensor, logvar2: Tensor) -> Tensor:
    """SVG's formula for the KL of two Gaussians, in nats."""
    sigma1, sigma2 = torch.exp(logvar1 / 2), torch.exp(logvar2 / 2)
    return (torch.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2) ** 2) / (2 * sigma2**2) - 0.5).sum()


def follow(
    w: Weights, method: Method, truth: Tensor, conditions: Tensor, noise: Tensor, forced: Tensor, *, training: bool
) -> tuple[Tensor, Tensor]:
    """Predict the frames 1 .. T-1 of one clip (T, 3, S, S) -> (T-1, 3, S, S) and the KL in nats.

    In training z comes from the posterior throughout; in evaluation from the prior on future frames.
    """
    posterior: Memory = []
    prior: Memory = []
    predictor: Memory = []
    past = torch.cat([encode(w, truth[i])[0] for i in range(method.n_past)])
    outputs: list[Tensor] = []
    kl, kept = torch.zeros(()), encode(w, truth[0])[1]
    for t in range(1, len(conditions)):
        is_given = t - 1 < method.n_past
        fed = truth[t - 1] if is_given or bool(forced[t - 1]) else outputs[-1]
        if method.detach and not is_given and not bool(forced[t - 1]):
            fed = fed.detach()
        code, skips = encode(w, fed)
        if method.skip == "every" or (method.skip == "last_context" and is_given):
            kept = skips
        mu2, logvar2 = torch.zeros(noise.shape[1]), torch.zeros(noise.shape[1])
        if method.has_prior:
            mu2, logvar2 = gaussian(w, "prior", code, prior)
        mu, logvar = mu2, logvar2
        if training or (t < method.n_past and method.past_z == "posterior"):
            mu, logvar = gaussian(w, "posterior", encode(w, truth[t])[0], posterior)
            kl = kl + divergence(mu, logvar, mu2, logvar2)
        z = mu + noise[t - 1] * torch.exp(logvar / 2)
        given = [code, z, conditions[t + method.offset]] + ([past] if method.past_codes else [])
        hidden = recur(w, "frame_predictor", torch.cat(given), predictor)
        predicted = torch.tanh(w["frame_predictor.output.weight"] @ hidden + w["frame_predictor.output.bias"])
        outputs.append(decode(w, predicted, kept))
    assert math.isfinite(kl.item())
    return torch.stack(outputs), kl
