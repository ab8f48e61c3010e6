"""Mean and standard deviation of the condition columns, and standardising with them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cvae.errors import InputError


@dataclass(frozen=True)
class ConditionStatistics:
    """Per column of the raw conditions (actions, then positions): its mean and standard deviation.

    Plain numbers, so that they can be compared, hashed, pickled and kept in a checkpoint as JSON. The raw
    scales differ by a factor of 50 and more, which is why conditions are standardised at all.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, conditions: NDArray[np.float32]) -> Self:
        """Statistics over all rows of (N, C) raw conditions; a constant column gets a deviation of 1."""
        mean = conditions.mean(axis=0, dtype=np.float64)
        std = conditions.std(axis=0, dtype=np.float64)
        return cls(tuple(mean.tolist()), tuple(np.where(std == 0, 1.0, std).tolist()))

    @classmethod
    def that_change_nothing(cls, n_columns: int) -> Self:
        """Mean 0 and deviation 1: conditions stay as they were recorded."""
        return cls((0.0,) * n_columns, (1.0,) * n_columns)

    def first(self, n_columns: int) -> Self:
        """The statistics of the first columns alone; InputError where there are fewer."""
        if n_columns > len(self.mean):
            raise InputError(
                f"the condition statistics have {len(self.mean)} columns where the data has {n_columns}; "
                "use those of the data that the model was trained on, with the same `model.use_positions`"
            )
        return type(self)(self.mean[:n_columns], self.std[:n_columns])

    def standardise(self, conditions: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., C) raw conditions to mean 0 and deviation 1 per column over the data these statistics are of."""
        mean, std = np.array(self.mean), np.array(self.std)
        standardised: NDArray[np.float32] = ((conditions - mean) / std).astype(np.float32)
        return standardised
