"""Where the arithmetic runs, and in which precision."""

import ctypes
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from cvae.config import RuntimeConfig
from cvae.errors import InputError

#: What glibc's `mallopt` sets (malloc.h, mallopt(3)): how much may be free at the heap's end before it goes back to the
#: system, and how many blocks may be mappings of their own, which go back as soon as they are free.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER, NONE = -1, 0


def to_device(host: Tensor, device: torch.device) -> Tensor:
    """Move a tensor from the host without waiting for the device, which may be busy with earlier work."""
    if device.type == "cuda":
        return host.pin_memory().to(device, non_blocking=True)
    return host.to(device)


def scale_frames(packed: Tensor) -> Tensor:
    """Scale frames where they are: uint8 (B, T, S, S, 3) -> float (T, B, 3, S, S) in [0, 1]."""
    return packed.permute(1, 0, 4, 2, 3).float().div_(255)


@dataclass(frozen=True)
class Accelerator:
    """A device and a precision."""

    device: torch.device
    bf16: bool

    def autocast(self) -> AbstractContextManager[None]:
        """Return the context in which the networks run."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    def frames(self, packed: NDArray[np.uint8]) -> Tensor:
        """Move frames to the device and scale them there: uint8 (B, T, S, S, 3) -> float (T, B, 3, S, S) in [0, 1]."""
        return scale_frames(self.move(torch.from_numpy(packed)))

    def conditions(self, packed: NDArray[np.float32]) -> Tensor:
        """Move conditions to the device: (B, T, C) -> (T, B, C)."""
        return self.move(torch.from_numpy(packed)).transpose(0, 1)

    def move(self, host: Tensor) -> Tensor:
        """Move a tensor from the host to the device, without waiting for it."""
        return to_device(host, self.device)

    def holds(self, n_bytes: int) -> bool:
        """Whether the device has memory of its own, and room for this and for as much again."""
        return self.device.type == "cuda" and 2 * n_bytes < torch.cuda.mem_get_info(self.device)[0]

    def pin(self, host: Tensor) -> Tensor:
        """Return a tensor on the host that the device can fetch by itself."""
        return host.pin_memory() if self.device.type == "cuda" else host

    @property
    def is_asynchronous(self) -> bool:
        """Whether the host runs ahead of the device, and asking for a number makes it wait."""
        return self.device.type != "cpu"

    @property
    def name(self) -> str:
        """The device's name for people."""
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type


@lru_cache
def matrix_rate(device: torch.device, bf16: bool, n_threads: int) -> float:
    """Return the FLOP/s of this device, measured: the best of a few matrix products and a few convolutions.

    Args:
        device: where.
        bf16: in which precision.
        n_threads: CPU threads that are set; the measurement is kept for each number.
    """
    side, n = (512, 8) if device.type == "cpu" else (8192, 128)
    dtype = torch.bfloat16 if bf16 else torch.float32
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(side, side, generator=generator).to(device, dtype)
    maps, kernel = torch.randn(n, 256, 16, 16, generator=generator), torch.randn(256, 256, 3, 3, generator=generator)
    maps, kernel = (x.to(device, dtype).to(memory_format=torch.channels_last) for x in (maps, kernel))
    product_s = min(_seconds(lambda: matrix @ matrix, device) for _ in range(5))
    convolution_s = min(_seconds(lambda: F.conv2d(maps, kernel, padding=1), device) for _ in range(5))
    return max(2 * side**3 / product_s, 2 * 9 * maps.numel() * 256 / convolution_s)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter() - started


def _has_native_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


def keep_freed_memory() -> bool:
    """Have the C library keep what this process frees, for its next tensors; return whether it does.

    Otherwise a step's memory goes back to the system as soon as it is free, and comes again page by page: a tenth of a
    training step on a CPU, more where batch norm keeps whole batches of large maps. The process keeps the most that it
    ever needed until it ends. Only glibc is asked.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return False
    return bool(mallopt(M_MMAP_MAX, NONE) and mallopt(M_TRIM_THRESHOLD, NEVER))


def choose_accelerator(config: RuntimeConfig) -> Accelerator:
    """Return the device and precision for a run, and set the number of CPU threads.

    Raises:
        InputError: the device asked for is not there.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    kind = next(k for k in present if present[k]) if config.device == "auto" else config.device
    if not present[kind]:
        usable = ", ".join(k for k in present if present[k])
        raise InputError(f"runtime.device is '{kind}', which this machine does not have; present: {usable}")
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = torch.device(kind)
    return Accelerator(device, config.precision == "bf16" or (config.precision == "auto" and _has_native_bf16(device)))
