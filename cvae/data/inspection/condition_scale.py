"""The scale of each column of the conditions: what a model is given of them after standardising by the train split."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

#: Standard deviations from the mean of the train split that are worth a warning.
FAR = 20.0


class ConditionScale:
    """Conditions of episodes that come one at a time, all kept: they are small."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[np.float32]]] = {}
        self._n_actions = 0

    def add(self, split: str, actions: NDArray[np.float32], conditions: NDArray[np.float32]) -> None:
        """Keep an episode's conditions (T, C), actions first."""
        self._n_actions = actions.shape[1]
        self._parts.setdefault(split, []).append(conditions)

    def _values(self) -> dict[str, NDArray[np.float64]]:
        return {split: np.concatenate(parts).astype(np.float64) for split, parts in self._parts.items()}

    def _names(self, n_columns: int) -> list[str]:
        n = self._n_actions
        return [f"action {c}" if c < n else f"position {c - n}" for c in range(n_columns)]

    def tables(self) -> Iterator[Table]:
        """One table for each split: range, mean, deviation, and how far from the train split's mean it goes."""
        values = self._values()
        for split, of_split in values.items():
            table = Table(
                "column", "min", "mean", "max", "std", "farthest, std of train", title=f"{split}: conditions",
                title_justify="left",
            )  # fmt: skip
            farthest = _farthest(values, split)
            for column, name in enumerate(self._names(of_split.shape[1])):
                numbers = of_split[:, column]
                ranges = (numbers.min(), numbers.mean(), numbers.max(), numbers.std(), farthest[column])
                table.add_row(name, *(f"{number:.4g}" for number in ranges))
            yield table

    def warnings(self) -> Iterator[str]:
        """What should be looked at."""
        values = self._values()
        train = values.get("train", next(iter(values.values()), np.empty((0, 0))))
        names = self._names(train.shape[1])
        constant = [name for name, column in zip(names, train.T, strict=True) if column.min() == column.max()]
        if constant:
            yield f"{', '.join(constant)}: the same number in every frame, which tells a model nothing"
        for split in values:
            far = [(name, d) for name, d in zip(names, _farthest(values, split), strict=True) if d > FAR]
            if far:
                named = ", ".join(f"{name} ({d:.3g})" for name, d in far)
                yield (
                    f"{split}: {named} standard deviations from the mean of train: an outlier, or of another scale "
                    "than the rest"
                )


def _farthest(values: Mapping[str, NDArray[np.float64]], split: str) -> NDArray[np.float64]:
    """The largest distance of each column of a split from the train split's mean, in its deviations."""
    train = values.get("train", values[split])
    std = train.std(axis=0)
    return np.asarray(np.abs(values[split] - train.mean(axis=0)).max(axis=0) / np.where(std == 0, 1, std))
