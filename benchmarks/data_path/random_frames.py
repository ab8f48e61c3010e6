"""A packed split of noise of any size, on the disk as the real one is, and the batches that it serves."""

import shutil
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from cvae.data.store import Clips, ConditionStatistics
from cvae.errors import InputError

FRAMES = "frames.npy"
N_FRAMES, SIDE, N_COLUMNS = 30, 64, 7
BYTES_A_SEQUENCE = N_FRAMES * SIDE * SIDE * 3
#: Frames of a clip and clips of a batch, the lab's; the page cache has room for 1/SHARE of the store.
LENGTH, BATCH, SHARE = 12, 12, 4
BYTES_A_BATCH = BATCH * LENGTH * SIDE * SIDE * 3
#: Sequences written at a time, and the share of the disk's free space that a store may take.
BLOCK, MOST_OF_DISK = 256, 0.5


def write_frames(folder: Path, n_sequences: int) -> None:
    """Write a split of so many sequences and flush it to the disk.

    Raises:
        InputError: it would take more than half of what is free there.
    """
    wanted, free = n_sequences * BYTES_A_SEQUENCE, shutil.disk_usage(folder).free
    if wanted > MOST_OF_DISK * free:
        raise InputError(f"{folder}: {n_sequences} sequences take {wanted / 1e9:.0f} GB, of {free / 1e9:.0f} GB free")
    random, n_rows = np.random.default_rng(0), n_sequences * N_FRAMES
    with (folder / FRAMES).open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (n_rows, SIDE, SIDE, 3)}
        npy_format.write_array_header_1_0(file, header)
        for first in range(0, n_sequences, BLOCK):
            file.write(random.bytes(min(BLOCK, n_sequences - first) * BYTES_A_SEQUENCE))
    np.save(folder / "conditions.npy", random.standard_normal((n_rows, N_COLUMNS), dtype=np.float32))


def open_frames(folder: Path, n_sequences: int) -> Clips:
    """Return the clips of a split, one from the first frame of each sequence."""
    names = [f"{i}@0" for i in range(n_sequences)]
    statistics = ConditionStatistics((0.0,) * N_COLUMNS, (1.0,) * N_COLUMNS)
    return Clips(folder, np.arange(n_sequences) * N_FRAMES, names, LENGTH, N_COLUMNS, statistics)
