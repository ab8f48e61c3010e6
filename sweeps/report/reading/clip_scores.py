"""What a run scored on each clip, from its `clips.npz`."""

import zipfile
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cvae.record import RunFolder
from sweeps.report.reading.records import ExperimentRecord, RunRecord

#: What numpy and zipfile raise at a damaged file.
UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClipScores:
    """The names of a run's clips in order, and each one's score: a mean over its frames, or of them together."""

    names: tuple[str, ...]
    means: Array  # (clips,)


def read_arrays(run: RunRecord, *keys: str) -> dict[str, npt.NDArray[np.generic]]:
    """Return those of the named arrays that a run kept; none where they cannot be read, which `clips_damage` says."""
    try:
        with RunFolder(run.folder).clips.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {key: np.asarray(arrays[key]) for key in keys if key in arrays}
    except UNREADABLE:
        return {}


def clips_damage(folder: RunFolder) -> str | None:
    """Return what is wrong with a run's clip scores, as a sentence; None where nothing is, or there are none."""
    try:
        with zipfile.ZipFile(folder.clips) as archive:
            part = archive.testzip()  # reads all of it
        return None if part is None else f"{folder.clips}: is damaged ({part} does not have its checksum)"
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        return f"{folder.clips}: is damaged ({error})"


def clip_names(run: RunRecord) -> tuple[str, ...] | None:
    """Return the names of a run's clips in order; None where it kept none."""
    arrays = read_arrays(run, "name")
    return tuple(map(str, arrays["name"])) if "name" in arrays else None


def run_clip_scores(experiment: ExperimentRecord, run: RunRecord) -> ClipScores | None:
    """Return a finished run's score on each clip; None where it kept no such scores, or some are not finite."""
    key = experiment.plan.metric.short
    arrays = read_arrays(run, "name", key) if run.is_finished else {}
    if arrays.keys() != {"name", key} or arrays[key].ndim not in (1, 2) or len(arrays[key]) != len(arrays["name"]):
        return None
    # One number a clip, as of the energy score, or one of each of its frames.
    means = arrays[key].astype(np.float64).reshape(len(arrays[key]), -1).mean(axis=1)
    return ClipScores(tuple(map(str, arrays["name"])), means) if np.isfinite(means).all() else None


def clip_scores(experiment: ExperimentRecord, arm: str) -> dict[int, ClipScores]:
    """Return seed -> an arm's score on each clip, the mean over its configurations where all of them kept one."""
    by_seed: dict[int, list[ClipScores]] = {}
    for run in experiment.of(arm, "confirm"):
        scores = run_clip_scores(experiment, run)
        if scores is not None and run.seed is not None:
            by_seed.setdefault(run.seed, []).append(scores)
    return {
        seed: ClipScores(of_seed[0].names, np.mean([scores.means for scores in of_seed], axis=0))
        for seed, of_seed in by_seed.items()
        if len(of_seed) >= experiment.plan.n_configs and len({scores.names for scores in of_seed}) == 1
    }
