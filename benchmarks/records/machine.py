"""The machine that something was measured on, and what else it did meanwhile."""

import dataclasses
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.instruments.others import OthersMeter
from benchmarks.instruments.table import CLOCK, Row
from cvae.provenance import git_commit, package_versions

#: Load above which a row is marked, and cores of other processes' work below which that load is a benchmark's own.
MOST_LOAD, LEAST_OTHERS = 1.0, 0.1
#: Seconds after a row in which another comes of the same measurement; a shorter one is a few ticks of the clock.
LEAST_S = 0.1
#: Flags of the processor that its fastest kernels take.
WIDE = re.compile(r"avx512|amx|avx2$")


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on beside the code."""
    import torch

    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": [round(x, 1) for x in os.getloadavg()],
        "bf16": bool(torch.cpu._is_avx512_bf16_supported()),
        "flags": sorted({word for line in _lines("/proc/cpuinfo") for word in line.split() if WIDE.match(word)}),
        "versions": package_versions(),
        "git_commit": git_commit()[0],
        "clock": CLOCK.name,
        "date": datetime.now(UTC).date().isoformat(),
    }


def as_mapping(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON values."""
    return dataclasses.asdict(row) if isinstance(row, Row) else dict(row)


def with_load(measure: Callable[[], Iterable[Row | Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield rows as JSON values with the load at start and end of each, and what others computed meanwhile.

    Rows that come at once after another were measured together with it. A row is marked where the load was above
    `MOST_LOAD` and others had a part in it, because a benchmark's own threads are load, too; where the system does not
    tell whose, every such row is.
    """
    before, meter, load = os.getloadavg()[0], OthersMeter(), dict[str, Any]()
    for row in measure():
        if not load or meter.seconds() >= LEAST_S:
            load = _load(before, meter)
        yield as_mapping(row) | load
        before, meter = os.getloadavg()[0], OthersMeter()


def _load(before: float, meter: OthersMeter) -> dict[str, Any]:
    after, others = os.getloadavg()[0], meter.read()
    is_marked = max(before, after) > MOST_LOAD and (others is None or others > LEAST_OTHERS)
    load = {"load": [round(before, 2), round(after, 2)], "others": others}
    return load | ({"marked": f"taken under load {max(before, after):.1f}"} if is_marked else {})


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
