"""A convolution by Winograd's way is the direct one, and is taken only where it is faster."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cvae.config.schema import build_config
from cvae.config.yaml_file import load_yaml_mapping
from cvae.model.build import build_model
from cvae.model.convolution import winograd
from cvae.model.convolution.winograd import Convolution, is_faster

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def measured_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the machine be of the kind that it was measured on, whatever it is."""
    monkeypatch.setattr(winograd, "is_measured_kind", lambda: True)


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every convolution with gradients take the faster way."""
    monkeypatch.setattr(winograd, "LEAST_PAIRS", 1)
    monkeypatch.setattr(winograd, "LEAST_POSITIONS", 1)


def make(inputs: int, outputs: int, dtype: torch.dtype = torch.float64) -> Convolution:
    torch.manual_seed(0)
    layer = Convolution(inputs, outputs)
    torch.nn.init.normal_(layer.bias)
    return layer.to(dtype, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def direct(layer: Convolution, maps: Tensor) -> Tensor:
    return F.conv2d(maps, layer.weight, layer.bias, padding=1)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("shape", [(3, 5, 8, 8), (2, 4, 2, 2), (7, 3, 4, 10), (1, 1, 6, 2)])
@pytest.mark.parametrize("cached", [1, 1 << 30], ids=["frame by frame", "at once"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_is_the_direct_convolution_and_so_are_its_gradients(
    shape: tuple[int, int, int, int], cached: int, layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winograd, "CACHED_VALUES", cached)
    layer = make(shape[1], 6)
    maps = torch.randn(shape, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    ours, theirs = layer(maps), direct(layer, maps)
    assert "_Winograd" in type(ours.grad_fn).__name__
    assert ours.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(ours, theirs, atol=1e-12)
    weighted, of = torch.randn_like(theirs), [maps, *layer.parameters()]
    for a, b in zip(*(torch.autograd.grad(y, of, weighted) for y in (ours, theirs)), strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def relative(found: Tensor, exact: Tensor) -> float:
    return ((found.double() - exact).norm() / exact.norm()).item()


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize(("dtype", "least", "most"), [(torch.float32, 1e-8, 2e-6), (torch.bfloat16, 1e-3, 1e-2)])
def test_it_rounds_little_more_than_the_direct_one(dtype: torch.dtype, least: float, most: float) -> None:
    layer, exact = make(64, 64, torch.float32), make(64, 64)
    maps = torch.randn(4, 64, 8, 8).to(dtype)
    asked = torch.randn(4, 64, 8, 8).to(dtype)
    errors = []
    for way in (layer, lambda maps: direct(layer, maps)):
        given, true = maps.clone().requires_grad_(), maps.double().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            found = way(given)
        assert found.dtype == dtype
        expected = direct(exact, true)
        gradients = torch.autograd.grad(found, [given, *layer.parameters()], asked)
        assert [g.dtype for g in gradients] == [dtype, torch.float32, torch.float32]
        truths = torch.autograd.grad(expected, [true, *exact.parameters()], asked.double())
        errors.append([relative(a, b) for a, b in zip([found, *gradients], [expected, *truths], strict=True)])
    ours, theirs = errors
    assert least < ours[0] < most  # it is this way that was tried, and in this precision
    assert all(a < 5 * b + 1e-6 for a, b in zip(ours, theirs, strict=True))


@pytest.mark.usefixtures("everywhere")
def test_a_score_is_by_the_direct_way() -> None:
    layer, maps = make(6, 6), torch.randn(8, 6, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        assert torch.equal(layer(maps), direct(layer, maps))


@pytest.mark.usefixtures("everywhere")
def test_odd_maps_take_the_direct_way() -> None:
    layer, maps = make(6, 6), torch.randn(8, 6, 7, 8, dtype=torch.float64)
    assert torch.equal(layer(maps), direct(layer, maps))


def test_another_device_has_its_own() -> None:
    assert is_faster(torch.empty(24, 512, 8, 8), torch.empty(512, 512, 3, 3))
    assert not is_faster(torch.empty(24, 512, 8, 8, device="meta"), torch.empty(512, 512, 3, 3, device="meta"))


@pytest.mark.parametrize(("avx512", "amx", "taken"), [(True, False, True), (True, True, False), (False, False, False)])
def test_a_cpu_that_was_not_measured_takes_the_direct_way(
    avx512: bool, amx: bool, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(torch.cpu, "_is_avx512_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(winograd, "is_measured_kind", winograd.is_measured_kind.__wrapped__)  # type: ignore[attr-defined]
    assert is_faster(torch.empty(24, 512, 8, 8), torch.empty(512, 512, 3, 3)) == taken


def ways(width: float) -> list[tuple[int, bool]]:
    """The side and the way of each layer of a training step's encoder at 64 pixels, 12 clips of 12 frames."""
    values = {"model": {"width": width, "norm": "group"}, "runtime": {"device": "cpu"}}
    encoder = build_model(build_config(values, "t"), 7).to("meta").encoder
    found: list[tuple[int, bool]] = []
    for stage, side in zip(encoder.stages, (64, 32, 16, 8), strict=True):
        for layer in stage:
            maps = torch.empty(144, layer[0].in_channels, side, side)
            found.append((side, is_faster(maps, torch.empty(layer[0].weight.shape))))
    return found


def test_it_is_for_wide_layers() -> None:
    assert {side for side, is_wide in ways(1.0) if is_wide} == {16, 8}
    assert sum(is_wide for _, is_wide in ways(1.0)) == 6


@pytest.mark.parametrize("name", ["quickstart", "study_given", "study_long", "study_report", "study_robot"])
def test_published_studies_are_by_the_direct_way(name: str) -> None:
    # their numbers are those of the code that they name
    width = load_yaml_mapping(ROOT / "experiments" / f"{name}.yaml")["base"]["model"]["width"]
    assert not any(is_wide for _, is_wide in ways(width))
