"""An npy file that grows row by row, with a digest of what is in it."""

import io
import math
import os
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from cvae.data.store.store_digests import BLOCK_BYTES, new_digest

Scalar = TypeVar("Scalar", bound=np.generic)


class NpyAppender(Generic[Scalar]):
    """Appends rows to an npy file whose number of rows is known only at the end.

    numpy pads the header so that it keeps its length while the first dimension grows; closing writes it again
    with the final number. Memory holds one appended block at a time.

    Args:
        path: the file; it is made anew where `n_rows` is 0.
        row_shape, dtype: of a row.
        n_rows: rows that are there already and are kept, read once for the digest; what lies behind them is cut off.
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: type[Scalar], n_rows: int = 0) -> None:
        self.n_rows = n_rows
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._digest = new_digest()
        self._file = path.open("r+b" if n_rows else "wb")
        self._file.write(self._header())
        self._header_bytes = self._file.tell()
        if n_rows:
            self._file.truncate(self._header_bytes + n_rows * math.prod(row_shape) * self._dtype.itemsize)
            while block := self._file.read(BLOCK_BYTES):
                self._digest.update(block)
            self._file.seek(0, os.SEEK_END)

    @property
    def digest(self) -> str:
        """Digest of the rows so far; after the end of the whole file, as `integrity.file_digest` has it."""
        return self._digest.hexdigest()

    def append(self, rows: NDArray[Scalar]) -> None:
        """Append rows of shape (n, *row_shape) of the file's type; ValueError for any other."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(f"rows are {rows.dtype} {rows.shape}; the file holds {self._dtype} (n, {self._row_shape})")
        block = np.ascontiguousarray(rows)
        self._file.write(block.data)
        self._digest.update(block.data.cast("B"))
        self.n_rows += len(rows)

    def _header(self) -> bytes:
        header = {
            "descr": npy_format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *self._row_shape),
        }
        written = io.BytesIO()
        npy_format.write_array_header_1_0(written, header)
        return written.getvalue()

    def sync(self) -> None:
        """Flush what was appended to the disk; the header still has the number of rows of before."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """Write the final number of rows and flush everything to the disk."""
        header = self._header()
        if len(header) != self._header_bytes:
            raise RuntimeError(f"the npy header grew from {self._header_bytes} to {len(header)} bytes")
        self._file.seek(0)
        self._file.write(header)
        self._digest.update(header)
        self.sync()

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
