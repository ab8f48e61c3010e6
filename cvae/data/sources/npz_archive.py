"""Reading an npz archive that somebody else has written: damaged, hostile, or larger than the memory."""

import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Sequence, Set
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from cvae.errors import InputError

# What numpy and zipfile raise for damaged bytes, found by reading thousands of damaged archives.
BROKEN_ARCHIVE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def load_arrays(path: Path, keys: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """Those arrays of an archive that are there; objects are refused: unpickling them would run code from the file.

    Raises:
        InputError: it is damaged, says more than it holds, or does not fit into memory.
    """
    try:
        # Opened here, since numpy leaves a file open that it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            wanted = [key for key in keys if key in archive.files]
            _require_room(archive.zip, {f"{key}.npy" for key in wanted}, path)
            return {key: archive[key] for key in wanted}
    except BROKEN_ARCHIVE as error:
        raise InputError(f"{path}: cannot be read as an npz archive of plain arrays ({error})") from error


def _require_room(archive: zipfile.ZipFile, wanted: Set[str], path: Path) -> None:
    """Refuse an archive whose wanted arrays are longer than it says, or do not fit into this machine's memory."""
    total = 0
    for member in archive.infolist():
        # Each, wanted or not: opening tells a name that is damaged from one that is absent.
        with archive.open(member) as file:
            if member.filename not in wanted:
                continue
            version = npy_format.read_magic(file)
            read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
            shape, _, dtype = read_header(file)
            promised, header = math.prod(shape) * dtype.itemsize, file.tell()
        if header + promised > member.file_size:
            raise ValueError(f"`{member.filename}` promises {promised} bytes and holds {member.file_size - header}")
        total += promised
    if total > (memory := os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")):
        raise InputError(
            f"{path}: unpacks to {total / 1e9:.1f} GB, more than this machine's memory of {memory / 1e9:.1f} GB; "
            "split the episode"
        )
