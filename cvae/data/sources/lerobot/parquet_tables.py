"""Columns of parquet files, by pyarrow, with their checksums verified where there are any."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvae.errors import InputError

MISSING = (
    "needs pyarrow and PyAV, which are not installed: pip install -r requirements-robots.txt, or cvae-sweeps[robots]"
)


def read_columns(path: Path, columns: Sequence[str], episode: int | None = None) -> dict[str, list[Any]]:
    """Columns of a parquet file as Python values; rows of one episode alone where one is named.

    Raises:
        InputError: pyarrow is not installed, the file is damaged, or it lacks a column.
    """
    table = _read_table(path, columns, episode)
    return {name: table[name].to_pylist() for name in columns}


def read_numbers_of(path: Path, columns: Sequence[str], episode: int) -> dict[str, NDArray[np.float64]]:
    """Columns of numbers of one episode, each (rows, width); InputError where one holds anything else."""
    table = _read_table(path, columns, episode)
    return {name: _as_numbers(table[name], path, name) for name in columns}


def _read_table(path: Path, columns: Sequence[str], episode: int | None) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"source: lerobot {MISSING}") from error
    try:
        with path.open("rb") as file:
            opened = parquet.ParquetFile(file, page_checksum_verification=True)
            missing = [name for name in columns if name not in opened.schema_arrow.names]
            if missing:
                raise InputError(f"{path}: has no column `{missing[0]}`")
            if episode is None:
                return opened.read(columns=list(columns))
        rows = [("episode_index", "=", episode)]
        return parquet.read_table(path, columns=list(columns), filters=rows, page_checksum_verification=True)
    except (OSError, ValueError, KeyError, MemoryError, pyarrow.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as a parquet file ({_first_line(error)})") from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _as_numbers(column: Any, path: Path, name: str) -> NDArray[np.float64]:
    import pyarrow

    kind = column.type
    while pyarrow.types.is_list(kind) or pyarrow.types.is_fixed_size_list(kind) or pyarrow.types.is_large_list(kind):
        kind = kind.value_type
    is_number = pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)
    if not is_number:
        raise InputError(f"{path}: `{name}` holds {column.type}; expected numbers")
    try:
        values = np.array(column.to_pylist(), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: `{name}` has rows of different lengths") from error
    if values.size == 0:
        raise InputError(f"{path}: `{name}` holds no numbers")
    return values.reshape(len(values), -1)
