"""Pooling that keeps some of the rows that went in: the same numbers, in the memory layout of what went in."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from cvae.model.chunking import Chunking
from cvae.model.pooling import pool_and_keep
from cvae.model.vgg import Encoder


def maps(n: int, seed: int, dtype: torch.dtype) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(n, 16, 8, 8, generator=generator).to(dtype).to(memory_format=torch.channels_last)
    return drawn.requires_grad_()


# Pooling and slicing by PyTorch is the meaning: to the bit, for the gradient too, however the frames are divided.
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("sizes", [[12], [8, 4], [4, 8], [5, 5, 2]])
@pytest.mark.parametrize("n_kept", [1, 5, 8, 12])
def test_values_and_gradients_are_those_of_pooling_and_slicing(
    sizes: list[int], n_kept: int, dtype: torch.dtype
) -> None:
    parts, plain = ([maps(n, i, dtype) for i, n in enumerate(sizes)] for _ in range(2))
    pooled, kept = pool_and_keep(parts, n_kept)
    mine = torch.cat(pooled), torch.cat(kept)
    theirs = torch.cat([F.max_pool2d(part, 2) for part in plain]), torch.cat(plain)[:n_kept]
    for found, expected in zip(mine, theirs, strict=True):
        assert torch.equal(found, expected)
    for small, rows in (mine, theirs):
        (small.float().square().sum() + rows.float().sin().sum()).backward()
    for part, other in zip(parts, plain, strict=True):
        assert part.grad is not None
        assert other.grad is not None
        assert torch.equal(part.grad, other.grad)
        assert part.grad.is_contiguous(memory_format=torch.channels_last)


def test_without_kept_rows_there_are_none() -> None:
    pooled, kept = pool_and_keep([maps(3, 0, torch.float32)], 0)
    assert pooled[0].shape == (3, 16, 4, 4)
    assert kept == []


class Called(TorchDispatchMode):
    """Notes the names of what is called."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.names.add(func.name())
        return func(*args, **(kwargs or {}))


# What a slice's gradient costs, zeros in another layout and a sum over both, was a tenth of a training step.
def test_an_encoder_fills_up_no_gradient_of_its_skips() -> None:
    encoder = Encoder(32, 0.25, 16, "batch", Chunking(is_divisible=False)).to(memory_format=torch.channels_last)
    codes, skips = encoder(torch.rand(6, 3, 32, 32), 2)
    with Called() as called:
        (codes.sum() + sum(skip.sum() for skip in skips)).backward()
    assert "aten::max_pool2d_with_indices_backward" in called.names
    assert "aten::slice_backward" not in called.names
