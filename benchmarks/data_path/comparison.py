"""Batches of a store larger than memory against a training step, as rows."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.data_path.random_frames import (
    BATCH,
    BYTES_A_BATCH,
    BYTES_A_SEQUENCE,
    LENGTH,
    SHARE,
    SIDE,
    write_frames,
)
from benchmarks.instruments.table import Row, show

#: Train sequences of BAIR, and the part of them that is written where nobody asks for all.
FULL, PART = 43_264, 16


def measure_apart(what: str, folder: Path, n_sequences: int) -> dict[str, Any]:
    """Measure in a process of its own, so that none finds mapped pages of another's."""
    command = [sys.executable, "-m", "benchmarks.data_path.serving", what, str(folder), str(n_sequences)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def rows(n_sequences: int = FULL // PART, place: Path | None = None) -> Iterator[Row]:
    """Yield the table's rows, from a store that is written into `place` and removed again.

    Raises:
        InputError: the store would take more than half of what is free there.
    """
    with tempfile.TemporaryDirectory(prefix="data-path-", dir=place) as name:
        folder = Path(name)
        write_frames(folder, n_sequences)
        step, gathers, training = (measure_apart(what, folder, n_sequences) for what in ("step", "gathers", "training"))
    return rows_of(n_sequences, step, gathers, training)


def rows_of(n: int, step: dict[str, Any], gathers: dict[str, Any], training: dict[str, Any]) -> Iterator[Row]:
    """Yield the rows for what was measured of n sequences."""
    size = f"of {n} sequences, {n * BYTES_A_SEQUENCE / 1e9:.1f} GB"
    room = f"page cache of 1/{SHARE} of it" if training["is_limited"] else "page cache dropped before, no limit"
    needed = speed_note(step["seconds"])
    places = {"from the disk": gathers["cold"], "from the page cache": gathers["warm"], room: training["gather"]}
    for name, seconds in places.items():
        yield Row(
            f"a batch of {BATCH} random clips of {LENGTH} frames, {SIDE}x{SIDE}, {size}, {name}",
            f"a training step of the lab's size, {step['precision']}: {show(step['seconds'])}",
            show(seconds),
            step["seconds"] / seconds,
            note=f"{BYTES_A_BATCH / seconds / 1e6:.0f} MB/s; the step {needed}",
        )
    yield Row(
        f"a batch {size}, from the disk",
        f"page by page, as a map is read: {show(gathers['by_page'])}",
        f"asked for at once: {show(gathers['cold'])}",
        gathers["by_page"] / gathers["cold"],
    )
    (there, waited), (read, waiting) = training["there"], training["read"]
    yield Row(
        f"a training step of a narrow model, {size}, {room}",
        f"its batches in the page cache: {show(there)}",
        show(read),
        there / read,
        note=f"waits for its batches for {waiting:.2%} of it, and for {waited:.2%} where they are in the page cache; "
        f"the step {speed_note(read)}",
    )


def speed_note(seconds: float) -> str:
    """Return from which disk speed on a step of so many seconds does not wait, had the page cache nothing."""
    return f"does not wait where the disk gives {BYTES_A_BATCH / seconds / 1e6:.1f} MB/s"
