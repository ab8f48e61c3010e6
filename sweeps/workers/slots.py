"""Where runs may go at once: devices, and how many runs each holds."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

CPU = "cpu"


def visible_gpus() -> list[str]:
    """Return the CUDA devices that are there and allowed, by names that CUDA_VISIBLE_DEVICES takes."""
    present = _present_gpus()
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is None:
        return [str(i) for i in range(len(present))]
    found: list[str] = []
    for name in (part.strip() for part in allowed.split(",")):
        if not _is_present(name, present):
            break  # as CUDA has it: nothing after the first that is not there is seen
        found.append(name)
    return list(dict.fromkeys(found))


def _present_gpus() -> list[str]:
    """Return a line of the driver's for each GPU of this machine, its parts (MIG) on lines of their own within it."""
    if shutil.which("nvidia-smi") is not None:
        try:
            listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return []
        return [f"GPU {text}" for text in f"\n{listed.stdout}".split("\nGPU ")[1:]]
    nodes = Path("/proc/driver/nvidia/gpus")  # a container without the driver's programs
    return sorted(path.name for path in nodes.iterdir()) if nodes.is_dir() else []


def _is_present(name: str, present: list[str]) -> bool:
    if name.isdecimal():
        return int(name) < len(present)
    return name.startswith(("GPU-", "MIG-")) and any(f"UUID: {name}" in line for line in present)


def usable_cores() -> int:
    """Return the cores that this process may use: by its affinity, and by the share of time that its group has."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cores_of_group()
    return max(1, allowed if quota is None else min(allowed, int(quota)))


def _cores_of_group(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return the least quota of this process's control group and of those above it, in cores; None for no limit."""
    try:
        lines = [line.split(":", 2) for line in own.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return None
    quotas = []
    for _, controllers, path in (line for line in lines if len(line) == 3):
        is_unified = controllers == ""
        if not is_unified and "cpu" not in controllers.split(","):
            continue
        base = root if is_unified else root / controllers
        for folder in (base / path.lstrip("/"), *(base / path.lstrip("/")).parents):
            if folder.is_relative_to(base) and (quota := _quota_in(folder)) is not None:
                quotas.append(quota)
    return min(quotas, default=None)


def _quota_in(group: Path) -> float | None:
    try:
        unified = group / "cpu.max"
        if unified.exists():
            quota, period = unified.read_text(encoding="ascii").split()[:2]
        else:
            files = (group / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
            quota, period = (file.read_text(encoding="ascii").strip() for file in files)
        return None if quota == "max" or int(quota) <= 0 else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


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
        room = max(1, usable_cores() // threads) if threads else 1
        return Slots({CPU: asked or room})
    wanted = asked or len(gpus) * per_gpu
    counts = Counter(gpus[i % len(gpus)] for i in range(wanted))
    return Slots({gpu: counts[gpu] for gpu in gpus if counts[gpu]})
