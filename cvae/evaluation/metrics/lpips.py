"""LPIPS (Zhang et al. 2018, version 0.1) from the user's own weight file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvae.errors import InputError
from cvae.evaluation.metrics.weight_files import checked_file

HOW = 'save `lpips.LPIPS(net="alex").state_dict()` of the lpips package with torch.save'

#: Where each backbone's features are taken, as (first layer, end) of its convolutional part.
_SLICES = {
    "alex": ((0, 2), (2, 5), (5, 8), (8, 10), (10, 12)),
    "vgg": ((0, 4), (4, 9), (9, 16), (16, 23), (23, 30)),
}

#: Mean and standard deviation of the backbones' training images, for inputs in [-1, 1].
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


def _features(kind: str) -> nn.Sequential:
    import torchvision

    build = {"alex": torchvision.models.alexnet, "vgg": torchvision.models.vgg16}[kind]
    with torch.device("meta"):  # its weights come from the file: none are drawn
        layers: nn.Sequential = build(weights=None).features
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            layer.inplace = False  # a slice's result must not be overwritten by the next
    return layers.to_empty(device="cpu")


class Lpips:
    """A metric of (predicted, target), each (..., 3, S, S) in [0, 1] -> (...); smaller is nearer."""

    def __init__(self, file: Path, device: torch.device) -> None:
        state = _read(file)
        kind = "vgg" if any(key.startswith("net.slice5.28.") for key in state) else "alex"
        network = _features(kind)
        self._slices = [network[first:end] for first, end in _SLICES[kind]]
        parts = enumerate(self._slices, 1)
        named = {f"slice{i}.{name}": value for i, part in parts for name, value in _named(part, kind, i)}
        _fill(named, state, file)
        self._weights = [_weight(state, i, file).to(device) for i in range(len(self._slices))]
        for part in self._slices:
            part.to(device).eval().requires_grad_(False)
        self._shift, self._scale = (torch.tensor(v, device=device).view(3, 1, 1) for v in (_SHIFT, _SCALE))

    def __call__(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Return the distance of every pair, float64 on the CPU."""
        whole = torch.broadcast_shapes(predicted.shape, target.shape)  # type: ignore[no-untyped-call]
        predicted, target = predicted.float().expand(whole), target.float().expand(whole)
        with torch.no_grad(), torch.autocast(predicted.device.type, enabled=False):
            x, y = ((2 * v.flatten(0, -4) - 1 - self._shift) / self._scale for v in (predicted, target))
            total = torch.zeros(len(x), device=x.device)
            for part, weight in zip(self._slices, self._weights, strict=True):
                x, y = part(x), part(y)
                total += ((_unit(x) - _unit(y)).square() * weight).sum(dim=1).mean(dim=(-2, -1))
        return total.view(whole[:-3]).cpu().double()


def _unit(features: Tensor) -> Tensor:
    """Scale the channels at every place to length 1."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)


def _read(file: Path) -> Mapping[str, Tensor]:
    try:
        state: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(f"evaluation.lpips: {file} is not a readable weight file ({error}); {HOW}") from error
    if not isinstance(state, Mapping):
        raise InputError(f"evaluation.lpips: {file} holds a {type(state).__name__}, not a state dict; {HOW}")
    return state


def _named(part: nn.Sequential, kind: str, number: int) -> list[tuple[str, Tensor]]:
    """Return a slice's parameters under the layer numbers that the lpips package gives them."""
    first = _SLICES[kind][number - 1][0]
    return [(f"{first + i}.{name}", p) for i, layer in enumerate(part) for name, p in layer.named_parameters()]


def _fill(named: Mapping[str, Tensor], state: Mapping[str, Tensor], file: Path) -> None:
    for name, parameter in named.items():
        value = state.get(f"net.{name}")
        if value is None or value.shape != parameter.shape:
            raise InputError(f"evaluation.lpips: {file} has no fitting net.{name}; {HOW}")
        parameter.data.copy_(value)


def _weight(state: Mapping[str, Tensor], number: int, file: Path) -> Tensor:
    value = state.get(f"lin{number}.model.1.weight")
    if value is None:
        raise InputError(f"evaluation.lpips: {file} has no lin{number}.model.1.weight; {HOW}")
    return value.float()


def load_lpips(path: str, device: torch.device) -> Lpips:
    """Return the metric for a weight file.

    Raises:
        InputError: the file is absent or holds something else.
    """
    return Lpips(checked_file(path, "lpips", HOW), device)
