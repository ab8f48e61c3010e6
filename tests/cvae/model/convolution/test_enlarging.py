"""A transposed convolution of stride 2 is the one over the enlarged map, at a fraction of the multiplications."""

import pytest
import torch
from torch.nn import functional as F

from cvae.model.convolution import enlarging
from cvae.model.convolution.enlarging import enlarge, transposed_kernel


@pytest.mark.parametrize("small_side", [0, 100], ids=["a convolution", "sixteen products"])
def test_it_is_the_convolution_over_the_enlarged_map(small_side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # and so are its gradients, however the kernel's is computed
    monkeypatch.setattr(enlarging, "SMALL_SIDE", small_side)
    below = torch.randn(3, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    published = F.conv2d(F.interpolate(below, scale_factor=2), weight, padding=1)
    ours = enlarge(below, transposed_kernel(weight))
    assert torch.allclose(ours, published, atol=1e-12)
    weighted = torch.randn_like(ours)
    for a, b in zip(*(torch.autograd.grad(y, [below, weight], weighted) for y in (published, ours)), strict=True):
        assert torch.allclose(a, b, atol=1e-11)
