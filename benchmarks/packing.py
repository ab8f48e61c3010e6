"""Packing what is downloaded: rate per core, peak memory, time to the first batch, at two sizes in turn.

python -m benchmarks.packing 512 1024 2048 4096     at other sizes

Whether all three grow with the size alone is what the ratios say: 1 is linear. BAIR has 43,264 train sequences.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.instruments.bair_files import N_FRAMES, PER_FILE, SIDE, write_split
from benchmarks.instruments.table import Row, own_peak, processor_time
from cvae.data.sources import Bair
from cvae.data.store import open_store

SIZES, TURNS = (512, 2048), 2

FULL = 43_264

LENGTH, BATCH = 12, 16

BYTES_PER_SEQUENCE = N_FRAMES * SIDE * SIDE * 3


def measure(root: Path, cache: Path) -> dict[str, float]:
    """Pack, then open what is packed again, each to its first batch; durations in seconds, memory in bytes."""
    started, computed = time.perf_counter(), processor_time()
    first_batch(root, cache)
    packed, computing, peak = time.perf_counter() - started, processor_time() - computed, own_peak()
    started = time.perf_counter()
    first_batch(root, cache)
    return {"packed": packed, "cpu": computing, "peak": peak, "opened": time.perf_counter() - started}


def first_batch(root: Path, cache: Path) -> None:
    """Open the data as a run does, and read one batch."""
    store = open_store(Bair(root=root), SIDE, cache)
    clips = store.clips("train", LENGTH, use_positions=True)
    clips.gather(np.arange(min(BATCH, len(clips))))


def measure_apart(n_sequences: int) -> dict[str, float]:
    """Measure in a process of its own, so that none finds memory of another's."""
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "softmotion30_44k", Path(folder) / "cache"
        write_split(root / "train", n_sequences)
        command = [sys.executable, "-m", "benchmarks.packing", "--measure", str(root), str(cache)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return measured


def rows(sizes: Sequence[int] = SIZES) -> Iterator[Row]:
    """Yield the table's rows: every size against the smallest, turn by turn."""
    turns: list[dict[int, dict[str, float]]] = [{n: measure_apart(n) for n in sizes} for _ in range(TURNS)]
    smallest = min(sizes)
    for n in sizes:
        rates, first = ([of / turn[of]["cpu"] for turn in turns] for of in (n, smallest))
        ratios = [rate / base for rate, base in zip(rates, first, strict=True)]
        yield Row(
            f"packing {n} sequences of {N_FRAMES} frames, {SIDE}x{SIDE}, {PER_FILE} a TFRecord file",
            f"{smallest} sequences: {median(first):.0f} a second and core",
            f"{median(rates):.0f} a second and core",
            median(ratios),
            (min(ratios), max(ratios)),
            _note(n, turns[-1][n]),
        )


def _note(n: int, measured: dict[str, float]) -> str:
    full = FULL / n
    return (
        f"{n * BYTES_PER_SEQUENCE / 1e9:.2f} GB packed; first batch after {measured['packed']:.1f} s, after "
        f"{measured['opened']:.2f} s where it is packed; peak memory {measured['peak'] / 1e6:.0f} MB; {FULL} sequences "
        f"at this rate: {measured['cpu'] * full / 60:.1f} core minutes, {FULL * BYTES_PER_SEQUENCE / 1e9:.0f} GB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        for row in rows([int(size) for size in sys.argv[1:]] or SIZES):
            print(f"{row.what}: {row.ours}, against {row.baseline}; ratio {row.ratio:.2f}; {row.note}", flush=True)
