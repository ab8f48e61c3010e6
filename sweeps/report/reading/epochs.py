"""What a run logged at its evaluations, one array a key: a thousand long runs stay in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cvae.record import finite

_PLAIN = {int, float, type(None)}


@dataclass(frozen=True)
class Epochs:
    """The numbers of `epochs.jsonl`: `columns[key][i]` belongs to `steps[i]`; NaN where nothing finite was logged."""

    steps: npt.NDArray[np.int64]
    columns: Mapping[str, npt.NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.steps)

    def series(self, key: str) -> list[tuple[int, float]]:
        """Return (step, value) of the evaluations that have a finite value."""
        values = self.columns.get(key)
        if values is None:
            return []
        known = np.isfinite(values)
        return list(zip(self.steps[known].tolist(), values[known].tolist(), strict=True))

    def rows(self, keys: Sequence[str]) -> Iterator[tuple[int | float | None, ...]]:
        """Yield (step, value of each key) for every evaluation; None where nothing finite was logged."""
        columns = [self._with_gaps(key) for key in keys]
        yield from zip(self.steps.tolist(), *columns, strict=True)

    def _with_gaps(self, key: str) -> list[float | None]:
        if key not in self.columns:
            return [None] * len(self)
        return [None if value != value else value for value in self.columns[key].tolist()]


def columns_of(lines: Iterable[Mapping[str, Any]]) -> Epochs:
    """Return the scalars of the evaluations that name their step; curves over frames are left out."""
    rows = [line for line in lines if isinstance(line.get("step"), int)]
    columns = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        column = _column([row.get(key) for row in rows])
        if np.isfinite(column).any():
            columns[key] = column
    return Epochs(np.array([row["step"] for row in rows], dtype=np.int64), columns)


def _column(values: list[Any]) -> npt.NDArray[np.float64]:
    if not {type(value) for value in values} <= _PLAIN:
        values = [finite(value) for value in values]
    column = np.array(values, dtype=np.float64)  # None becomes NaN
    column[~np.isfinite(column)] = np.nan
    return column
