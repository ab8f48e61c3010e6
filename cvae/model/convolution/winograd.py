"""Convolutions 3x3 with 2.25 times fewer multiplications: F(2x2, 3x3) of Lavin & Gray 2016, after Winograd 1980.

Two outputs of a filter of three weights read four inputs and take four products instead of six:

    y0 = m0 + m1 + m2    m0 = (d0 - d2) g0    m1 = (d1 + d2) (g0 + g1 + g2) / 2
    y1 = m1 - m2 - m3    m3 = (d1 - d3) g2    m2 = (d2 - d1) (g0 - g1 + g2) / 2

In both directions at once the 36 products of 2x2 outputs become 16, each a matrix product over the channels. All of it
is linear, so that both gradients are the same steps, transposed. A library for this kind of CPU, AVX-512 without AMX,
has direct convolutions only (oneDNN), which are faster for few channels, where moving maps outweighs multiplying.

Both ways round, in other places: in float32 by millionths, in bf16 the direct one by 0.2% of an output, this by 0.7%.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from cvae.model.chunking import CACHED_VALUES

#: Pairs of input and output channels, and positions of all maps, from which on it is faster, as measured.
LEAST_PAIRS, LEAST_POSITIONS = 128 * 256, 1536


class Convolution(nn.Conv2d):
    """Conv 3x3 over maps padded by 1, (N, C, S, S) -> (N, K, S, S); in training by Winograd's way where it is faster.

    Evaluations take the direct one: a score must not move with how many clips are scored at once.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the convolution with its bias, in autocast's precision where that is on."""
        if not is_faster(maps, self.weight):
            return super().forward(maps)
        if torch.is_autocast_enabled("cpu"):
            maps = maps.to(torch.get_autocast_dtype("cpu"))
        output: Tensor = _Winograd.apply(maps, self.weight, self.bias)
        return output


@cache
def is_measured_kind() -> bool:
    """Whether this is a CPU of the kind that it was found faster on.

    One with AMX multiplies bf16 several times as fast and moves maps no faster; libraries for others bring their own.
    """
    return torch.cpu._is_avx512_supported() and not torch.cpu._is_amx_tile_supported()


def is_faster(maps: Tensor, weight: Tensor) -> bool:
    """Whether maps (N, C, H, W), with gradients, by a weight (K, C, 3, 3) take less time this way."""
    n, _, height, width = maps.shape
    return (
        maps.device.type == "cpu"
        and is_measured_kind()
        and torch.is_grad_enabled()
        and height % 2 == width % 2 == 0
        and n * height * width >= LEAST_POSITIONS
        and weight.shape[0] * weight.shape[1] >= LEAST_PAIRS
    )


class _Winograd(torch.autograd.Function):
    """The convolution and its gradients. Maps are (N, H, W, C) within: every step reads and writes whole channels."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return (N, K, H, W) by maps (N, C, H, W), a weight (K, C, 3, 3) and a bias (K)."""
        kernels = kernel_transform(weight.permute(3, 2, 0, 1)).to(maps.dtype)  # (4, 4, K, C), columns first
        ctx.save_for_backward(maps, kernels)
        last = maps.permute(0, 2, 3, 1)
        result = last.new_empty(*last.shape[:3], len(bias))
        by_output = kernels.flatten(0, 1).transpose(1, 2)
        for part, of_part in zip(*parts(last, result), strict=True):
            products = multiply(input_transform(part), by_output)
            products[1, 1] += bias.to(maps.dtype)  # each of the four outputs adds these products, and no other does so
            output_transform(products, of_part)
        return result.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of maps, weight and bias."""
        maps, kernels = ctx.saved_tensors
        last, gradient = maps.permute(0, 2, 3, 1), gradients[0].permute(0, 2, 3, 1)
        of_maps, by_input = torch.empty_like(last), kernels.flatten(0, 1)
        of_kernels = torch.zeros(kernels.shape, dtype=torch.promote_types(maps.dtype, torch.float32))
        for part, of_part, result in zip(*parts(last, gradient, of_maps), strict=True):
            read, asked = input_transform(part), output_transform_adjoint(of_part)
            of_kernels += (flat(asked).transpose(1, 2) @ flat(read)).view_as(kernels)
            input_transform_adjoint(multiply(asked, by_input), result)
        of_bias = gradient.sum((0, 1, 2), dtype=of_kernels.dtype)
        return of_maps.permute(0, 3, 1, 2), kernel_transform_adjoint(of_kernels).permute(2, 3, 1, 0), of_bias


def parts(*maps: Tensor) -> list[list[Tensor]]:
    """Divide maps (N, H, W, C) alike, so that a part's products fit the caches."""
    most = max(one[0].numel() for one in maps)
    return [list(torch.split(one, max(1, CACHED_VALUES // (4 * most)))) for one in maps]


def flat(tiles: Tensor) -> Tensor:
    """Return tiles (4, 4, n, h, w, C) as sixteen matrices, (16, n h w, C)."""
    return tiles.view(16, -1, tiles.shape[-1])


def multiply(tiles: Tensor, kernels: Tensor) -> Tensor:
    """Return the products of tiles (4, 4, n, h, w, C) and sixteen matrices (16, C, K): (4, 4, n, h, w, K)."""
    return torch.bmm(flat(tiles), kernels).view(*tiles.shape[:-1], -1)


def kernel_transform(weight: Tensor) -> Tensor:
    """Return what sixteen products take of each kernel: (3, 3, K, C) -> (4, 4, K, C)."""
    for at in (0, 1):
        first, middle, last = weight.unbind(at)
        half, mean = middle / 2, (first + last) / 2
        weight = torch.stack([first, mean + half, mean - half, last], at)
    return weight


def kernel_transform_adjoint(gradient: Tensor) -> Tensor:
    """Return a kernel's gradient by those of its sixteen products, (4, 4, K, C) -> (3, 3, K, C)."""
    for at in (1, 0):
        first, plus, minus, last = gradient.unbind(at)
        mean = (plus + minus) / 2
        gradient = torch.stack([first + mean, (plus - minus) / 2, last + mean], at)
    return gradient


def input_transform(maps: Tensor) -> Tensor:
    """Return what sixteen products take of maps with a border of zeros: (n, H, W, C) -> (4, 4, n, H/2, W/2, C)."""
    for at in (1, -2):
        odd, even = halves(maps, at)
        tiles = maps.new_empty(4, *even.shape)
        first, plus, minus, last = tiles
        n = even.shape[at] - 1
        torch.sub(odd.narrow(at, 0, n), odd.narrow(at, 1, n), out=first.narrow(at, 1, n))
        torch.neg(odd.narrow(at, 0, 1), out=first.narrow(at, 0, 1))
        torch.add(even, odd, out=plus)
        torch.sub(odd, even, out=minus)
        torch.sub(even.narrow(at, 0, n), even.narrow(at, 1, n), out=last.narrow(at, 0, n))
        last.narrow(at, n, 1).copy_(even.narrow(at, n, 1))
        maps = tiles
    return maps


def input_transform_adjoint(tiles: Tensor, maps: Tensor) -> None:
    """Write the gradient of maps (n, H, W, C) by those of what was read of them: `input_transform`, transposed."""
    rows = maps.new_empty(4, *maps.shape[:1], maps.shape[1] // 2, *maps.shape[2:])
    for given, result, at in ((tiles, rows, -2), (rows, maps, 1)):
        first, plus, minus, last = given
        odd, even = halves(result, at)
        n = even.shape[at] - 1
        torch.sub(plus, minus, out=even).add_(last)
        even.narrow(at, 1, n).sub_(last.narrow(at, 0, n))
        torch.add(plus, minus, out=odd).sub_(first)
        odd.narrow(at, 0, n).add_(first.narrow(at, 1, n))


def output_transform(products: Tensor, maps: Tensor) -> None:
    """Write the outputs (n, H, W, K) by their sixteen products, (4, 4, n, H/2, W/2, K)."""
    rows = maps.new_empty(4, *maps.shape[:1], maps.shape[1] // 2, *maps.shape[2:])
    for given, result, at in ((products, rows, -2), (rows, maps, 1)):
        first, plus, minus, last = given
        odd, even = halves(result, at)
        torch.add(first, plus, out=even).add_(minus)
        torch.sub(plus, minus, out=odd).sub_(last)


def output_transform_adjoint(gradient: Tensor) -> Tensor:
    """Return the gradients of sixteen products by those of the outputs: `output_transform`, transposed."""
    for at in (1, -2):
        odd, even = halves(gradient, at)
        tiles = gradient.new_empty(4, *even.shape)
        first, plus, minus, last = tiles
        first.copy_(even)
        torch.add(even, odd, out=plus)
        torch.sub(even, odd, out=minus)
        torch.neg(odd, out=last)
        gradient = tiles
    return gradient


def halves(maps: Tensor, at: int) -> tuple[Tensor, Tensor]:
    """Return the odd and the even rows or columns, as views."""
    index: list[Any] = [slice(None)] * maps.dim()
    index[at] = slice(1, None, 2)
    odd = maps[tuple(index)]
    index[at] = slice(0, None, 2)
    return odd, maps[tuple(index)]
