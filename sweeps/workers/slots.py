"""Where runs may go at once: devices, and how many runs each holds."""

import os
import shutil
import subprocess
from collections import Counter

CPU = "cpu"


def visible_gpus() -> list[str]:
    """Return the CUDA devices of this machine by the names that CUDA_VISIBLE_DEVICES takes; never run with a GPU."""
    if (allowed := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name for name in allowed.split(",") if name.strip() and name.strip() != "-1"]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return [str(i) for i, line in enumerate(listed.stdout.splitlines()) if line.startswith("GPU ")]


class Slots:
    """How many runs each device may hold, and holds."""

    def __init__(self, per_device: dict[str, int]) -> None:
        self.caps = dict(per_device)
        self.used: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """Runs that may go at once."""
        return sum(self.caps.values())

    def take(self) -> str | None:
        """Take a slot on the device with most room; None where all are taken."""
        free = {device: cap - self.used[device] for device, cap in self.caps.items() if cap > self.used[device]}
        if not free:
            return None
        device = max(free, key=lambda name: free[name])  # the first of equals
        self.used[device] += 1
        return device

    def hold(self, device: str) -> str:
        """Count a run that is there already, on its device or on the first; return the device."""
        device = device if device in self.caps else next(iter(self.caps))
        self.used[device] += 1
        return device

    def give(self, device: str) -> None:
        """Give a slot back."""
        self.used[device] -= 1

    def halve(self, device: str) -> int:
        """Halve a device's slots, down to one; return how many are left."""
        self.caps[device] = max(1, self.caps[device] // 2)
        return self.caps[device]

    def environment(self, device: str, threads: int) -> dict[str, str]:
        """Return the environment that pins a worker to its device and its share of the cores."""
        pinned = {"OMP_NUM_THREADS": str(threads)}
        return pinned if device == CPU else pinned | {"CUDA_VISIBLE_DEVICES": device}


def find_slots(asked: int | None, per_gpu: int, device: str, threads: int | None) -> Slots:
    """Return the slots of this machine.

    Args:
        asked: runs at a time in all; None: as many as there is room for.
        per_gpu: runs that share one GPU.
        device: the configuration's `runtime.device`.
        threads: the configuration's `runtime.threads`; without it a run on the CPU takes every core.
    """
    gpus = visible_gpus() if device in ("auto", "cuda") else []
    if not gpus:
        room = max(1, (os.cpu_count() or 1) // threads) if threads else 1
        return Slots({CPU: asked or room})
    wanted = asked or len(gpus) * per_gpu
    counts = Counter(gpus[i % len(gpus)] for i in range(wanted))
    return Slots({gpu: counts[gpu] for gpu in gpus if counts[gpu]})
