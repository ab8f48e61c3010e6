"""The file that a prediction starts from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvae.errors import InputError


@dataclass(frozen=True)
class GivenClip:
    """Frames uint8 (T, S, S, 3), and actions (T', A) and positions (T', P) where the file has any."""

    frames: NDArray[np.uint8]
    actions: NDArray[np.float32] | None
    positions: NDArray[np.float32] | None

    def horizon(self, n_past: int) -> int | None:
        """Return how many frames the actions reach beyond the given ones; None without actions."""
        return None if self.actions is None else len(self.actions) - n_past


def read_given(path: Path) -> GivenClip:
    """Return what an npz file in the layout of an episode (docs/data.md) gives.

    Raises:
        InputError: the file cannot be read, or has no `frames`.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[Any]] = {name: archive[name] for name in archive.files}
    except Exception as error:  # numpy and zipfile raise many kinds for damaged bytes
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"it is no npz file: {error}"
        raise InputError(f"{path}: cannot be read ({reason})") from error
    if "frames" not in arrays:
        found = ", ".join(arrays) or "nothing"
        raise InputError(f"{path}: holds {found}; expected `frames`, and `actions` and `positions` where there are any")
    told = (_numbers(path, name, arrays.get(name)) for name in ("actions", "positions"))
    return GivenClip(arrays["frames"], *told)


def _numbers(path: Path, name: str, values: NDArray[Any] | None) -> NDArray[np.float32] | None:
    if values is None:
        return None
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number):
        raise InputError(f"{path}: `{name}` is {values.dtype} {values.shape}; expected numbers (frames, values)")
    return values.astype(np.float32)
