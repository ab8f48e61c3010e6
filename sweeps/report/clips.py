"""Which clips a run was scored on, from its `clips.npz`."""

import zipfile

import numpy as np

from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.report.runs import Run


def clip_names(run: Run) -> tuple[str, ...] | None:
    """Return the names of a run's clips in order; None where it kept none.

    Raises:
        InputError: the file is there but cannot be read.
    """
    path = RunFolder(run.folder).clips
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return tuple(map(str, arrays["name"])) if "name" in arrays else None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read as npz ({error})") from error
