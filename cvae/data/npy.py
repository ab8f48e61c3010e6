"""An npy file that grows: written as a stream, read as a memory map."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


class NpyAppender(Generic[Scalar]):
    """Appends rows to an npy file whose number of rows is known only at the end.

    numpy pads the header so that it keeps its length while the first dimension grows; closing writes it again
    with the final number. Memory holds one appended block at a time.
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: type[Scalar]) -> None:
        self.n_rows = 0
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._file = path.open("wb")
        self._write_header()
        self._header_bytes = self._file.tell()

    def append(self, rows: NDArray[Scalar]) -> None:
        """Append rows of shape (n, *row_shape) of the file's type; ValueError for any other."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(f"rows are {rows.dtype} {rows.shape}; the file holds {self._dtype} (n, {self._row_shape})")
        self._file.write(np.ascontiguousarray(rows).data)
        self.n_rows += len(rows)

    def _write_header(self) -> None:
        header = {
            "descr": npy_format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *self._row_shape),
        }
        npy_format.write_array_header_1_0(self._file, header)

    def finish(self) -> None:
        """Write the final number of rows and flush everything to the disk."""
        self._file.seek(0)
        self._write_header()
        if self._file.tell() != self._header_bytes:
            raise RuntimeError(f"the npy header grew from {self._header_bytes} to {self._file.tell()} bytes")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self._file.close()
