"""Writing episodes out in the lab layout: PNG frames and two csv files per sequence."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cvae.data.sources import Episode, Source
from cvae.errors import InputError

N_PER_FOLDER = 256  # sequences in one `traj_*.tfrecords` folder, as in the published data


def write_lab_layout(source: Source, root: Path, image_size: int) -> dict[str, int]:
    """Write every split of a source below `root`; returns the number of sequences per split.

    Reading the result with `Bair(root=root)` gives the same frames and, to float32, the same conditions.

    Raises:
        InputError: `root` exists and is not an empty folder, cannot be written, or an episode has no positions.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise InputError(f"{root}: is not empty; give a new folder, so that nothing is mixed or overwritten")
        return {split: _write_split(source, split, root / split, image_size) for split in source.splits()}
    except OSError as error:
        raise InputError(f"{root}: cannot be written ({error.strerror}: {error.filename})") from error


def _write_split(source: Source, split: str, folder: Path, image_size: int) -> int:
    n_written = 0
    for index, episode in enumerate(source.episodes(split, image_size)):
        first = index - index % N_PER_FOLDER
        trajectories = folder / f"traj_{first}_to_{first + N_PER_FOLDER - 1}.tfrecords"
        write_sequence(episode, trajectories / str(index))
        n_written += 1
    return n_written


def write_sequence(episode: Episode, folder: Path) -> None:
    """Write one episode as `{0..T-1}.png`, `actions.csv` and `endeffector_positions.csv` into a new folder."""
    if episode.positions is None:
        raise InputError(f"{folder}: episode {episode.name} has no positions, which the lab layout must have")
    folder.mkdir(parents=True)
    for t, frame in enumerate(episode.frames):
        Image.fromarray(frame).save(folder / f"{t}.png")
    _write_numbers(folder / "actions.csv", episode.actions)
    _write_numbers(folder / "endeffector_positions.csv", episode.positions)


def _write_numbers(path: Path, table: NDArray[np.float32]) -> None:
    np.savetxt(path, table, fmt="%.9g", delimiter=",")  # 9 digits give every float32 back exactly
