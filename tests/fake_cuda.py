"""A CUDA device without one: PyTorch's fake tensors stand for what lies on the device, host tensors stay real.

What runs in `FakeCuda` has no numbers on the device, but every device, shape and type, as `FakeTensorMode` keeps them.
A tensor on the wrong device and a call that only the CPU has fail as they would there. Within `without_waiting` so
does whatever makes the host wait for the device: reading a number (`item`, `tolist`), a copy to the host, a shape that
depends on values (`nonzero`, a mask as index), and a copy from memory that is not pinned. Elsewhere what is read off
the device is ones. cuDNN's LSTM reads pointers, so it is off.

The answer *meta* to C++ that asks a fake tensor for its device keeps the autograd engine from looking for CUDA's
streams, which no machine without a driver has; Python and the kernels see `cuda:0`. Autocast asks in C++, too, so its
casts are made here, for what the networks call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

aten, prim = torch.ops.aten, torch.ops.prim
CPU, CUDA, META = torch.device("cpu"), torch.device("cuda", 0), torch.device("meta")


class Waits(AssertionError):
    """The host would wait for the device."""


def is_on_device(x: object) -> bool:
    return isinstance(x, FakeTensor) and x.fake_device.type == "cuda"


#: What autocast runs in bf16, and in float32, of what the networks call.
IN_BF16 = ("conv2d", "conv_transpose2d", "linear")
IN_FLOAT32 = ("group_norm", "mse_loss")


def cast_as_cuda_does(function: Callable[..., Any], dtype: torch.dtype) -> Callable[..., Any]:
    def cast(x: object) -> object:
        return x.to(dtype) if is_on_device(x) and x.is_floating_point() else x  # type: ignore[attr-defined]

    def called(*args: Any, **kwargs: Any) -> Any:
        if torch.is_autocast_enabled("cuda"):
            args, kwargs = tree_map(cast, (args, kwargs))
        return function(*args, **kwargs)

    return called


def save_from_device(save: Callable[..., None]) -> Callable[..., None]:
    """Save what lies on the device as PyTorch does: by way of the host."""

    def called(values: Any, *rest: Any) -> None:
        save(tree_map(lambda x: x.cpu() if is_on_device(x) else x, values), *rest)

    return called


class FakeCuda(TorchDispatchMode):
    """Runs what concerns the device on fake tensors, and all else as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeTensorMode()
        self.may_wait = True
        self.calls = 0  # of operators on the device
        self._pinned: set[int] = set()  # storages

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Fail within the block where the host would wait for the device."""
        self.may_wait = False
        try:
            yield
        finally:
            self.may_wait = True

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is prim.device.default:
            return META if is_on_device(args[0]) else CPU
        if func is aten.is_pinned.default:
            return args[0].untyped_storage().data_ptr() in self._pinned
        if func is aten._pin_memory.default:
            return self._pin(args[0])
        device = kwargs.get("device")
        is_to_device = device is not None and torch.device(device).type in ("cuda", "meta")
        on_device = [x for x in tree_leaves((args, kwargs)) if is_on_device(x)]
        if not on_device and not is_to_device:
            return func(*args, **kwargs)
        if is_to_device:
            kwargs["device"] = CUDA
        self.calls += 1
        return self._on_device(func, args, kwargs)

    def _on_device(self, func: Any, args: Any, kwargs: Any) -> Any:
        if func is aten._local_scalar_dense.default:
            self._wait("reads a number")
            return torch.ones((), dtype=args[0].dtype).item()
        if func is aten._to_copy.default and is_on_device(args[0]) and kwargs.get("device", CUDA).type == "cpu":
            self._wait("copies to the host")
            return torch.ones(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        if func is aten.copy_.default and not is_on_device(args[0]):
            self._wait("copies to the host")
            return args[0].fill_(1)
        if func is aten._to_copy.default and not is_on_device(args[0]):
            self._require_pinned(args[0])
        if func is aten.copy_.default and not is_on_device(args[1]):
            self._require_pinned(args[1])
        with self.fake:
            args, kwargs = tree_map(self._as_fake, (args, kwargs))
            try:
                return func(*args, **kwargs)
            except (DataDependentOutputException, DynamicOutputShapeException) as error:
                self._wait(f"needs values: {func}")
                raise error

    def _as_fake(self, x: object) -> object:
        return self.fake.from_tensor(x) if isinstance(x, Tensor) and not isinstance(x, FakeTensor) else x

    def _pin(self, host: Tensor) -> Tensor:
        pinned = host.clone()
        self._pinned.add(pinned.untyped_storage().data_ptr())
        return pinned

    def _require_pinned(self, host: Tensor) -> None:
        if not isinstance(host, FakeTensor) and host.untyped_storage().data_ptr() not in self._pinned:
            self._wait(f"copies {tuple(host.shape)} from memory that is not pinned")

    def _wait(self, why: str) -> None:
        if not self.may_wait:
            raise Waits(why)


@contextmanager
def fake_cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCuda]:
    """Run the block on a machine that has a CUDA device, of no memory to speak of."""
    if not torch.cuda.is_available():
        monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: None)
        torch._C._ensureCUDADeviceGuardSet()  # as FakeTensorMode does on such a machine
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device=None: (0, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "fake")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device=None: None)
    idle = SimpleNamespace(is_capturing=lambda: False)
    monkeypatch.setattr(torch.accelerator, "current_stream", lambda device=None: idle)
    for names, dtype in ((IN_BF16, torch.bfloat16), (IN_FLOAT32, torch.float32)):
        for name in names:
            monkeypatch.setattr(F, name, cast_as_cuda_does(getattr(F, name), dtype))
    monkeypatch.setattr(torch, "save", save_from_device(torch.save))
    with torch.backends.cudnn.flags(enabled=False), FakeCuda() as mode:
        yield mode
