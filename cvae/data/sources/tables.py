"""Tables of numbers from files: the lab layout's headerless csv."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvae.errors import InputError


def read_numbers(path: Path, n_rows: int, n_columns: int) -> NDArray[np.float32]:
    """Read a headerless csv of exactly (n_rows, n_columns) finite numbers as float32.

    Raises:
        InputError: the file is missing, not text, of another shape, or holds something that is no finite number.
    """
    rows = _read_rows(path)
    if len(rows) != n_rows:
        raise InputError(f"{path}: has {len(rows)} rows; expected {n_rows}, one per frame, without a header")
    for number, row in enumerate(rows, start=1):
        if len(row) != n_columns:
            raise InputError(f"{path}: row {number} has {len(row)} columns; expected {n_columns}")
    values = [[_number(cell, path, number) for cell in row] for number, row in enumerate(rows, start=1)]
    table = np.array(values, dtype=np.float64)
    require_finite(table, path, "row")
    return as_float32(table, path)


def _read_rows(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [row for row in csv.reader(file) if row]
    except FileNotFoundError as error:
        raise InputError(f"{path}: the file is missing") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as csv ({error})") from error


def _number(cell: str, path: Path, row: int) -> float:
    try:
        if "_" in cell:  # which Python's numbers may have, and nobody else's
            raise ValueError
        return float(cell)
    except ValueError:
        raise InputError(f"{path}: row {row} holds {cell!r}, which is not a number") from None


def require_finite(table: NDArray[np.floating], path: Path, what: str) -> None:
    """Refuse NaN and infinity in a (T, C) table; `what` is the word for a line of it, counted from 1."""
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"{path}: {what} {row + 1} column {column + 1} is {table[row, column]}; every number must be finite"
        )


def as_float32(table: NDArray[np.generic], path: Path) -> NDArray[np.float32]:
    """Convert to float32; InputError for a number beyond its range."""
    with np.errstate(over="ignore"):
        converted = table.astype(np.float32)
    if not np.isfinite(converted).all():
        raise InputError(f"{path}: holds a number beyond the range of float32 ({np.finfo(np.float32).max:.3g})")
    return converted
