"""Sampled strips of each arm, embedded: the same clips, one arm under the other."""

import base64
from dataclasses import dataclass
from pathlib import Path

from cvae.files import lies_within
from cvae.record import RunFolder
from sweeps.report.reading import ExperimentRecord, RunRecord

#: Bytes of pictures that a page may hold, before base64 adds a third.
MAX_BYTES = 4_000_000

_TYPES = {".png": "image/png", ".gif": "image/gif"}

#: How the content of each begins, whatever its name says.
_SIGNATURES = {".png": (b"\x89PNG\r\n\x1a\n",), ".gif": (b"GIF87a", b"GIF89a")}


@dataclass(frozen=True)
class ArmPictures:
    """One arm's pictures as data URIs; None where there is no file, or the page was full."""

    arm: str
    run: str
    strip: str | None
    gif: str | None
    left_out: tuple[str, ...]  # files that exist but did not fit


def collect_samples(experiment: ExperimentRecord) -> list[ArmPictures]:
    """Return the last samples of one finished confirm run per arm: of a seed that all arms finished, if there is one.

    Strips go first, then animations, until the page is full.
    """
    runs = _runs_to_show(experiment)
    uris: dict[Path, str] = {}
    room = MAX_BYTES
    wanted = [(run, RunFolder(run.folder).samples / f"final{suffix}") for suffix in _TYPES for run in runs]
    existing = [path for run, path in wanted if lies_within(path, run.folder) and _is_picture(path)]
    for path in existing:
        if path.stat().st_size <= room:
            room -= path.stat().st_size
            encoded = base64.b64encode(path.read_bytes()).decode()
            uris[path] = f"data:{_TYPES[path.suffix]};base64,{encoded}"
    samples = []
    for run in runs:
        strip, gif = (RunFolder(run.folder).samples / f"final{suffix}" for suffix in _TYPES)
        left_out = tuple(
            str(p.relative_to(run.folder.parent.parent)) for p in (strip, gif) if p in existing and p not in uris
        )
        if strip in existing or gif in existing:
            samples.append(ArmPictures(run.arm, run.name, uris.get(strip), uris.get(gif), left_out))
    return samples


def _is_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(8).startswith(_SIGNATURES[path.suffix])
    except OSError:
        return False


def _runs_to_show(experiment: ExperimentRecord) -> list[RunRecord]:
    finished = {arm: [run for run in experiment.of(arm, "confirm") if run.is_finished] for arm in experiment.plan.arms}
    finished = {arm: runs for arm, runs in finished.items() if runs}
    if not finished:
        return []
    shared = set.intersection(*({run.seed for run in runs} for runs in finished.values()))
    return [next((run for run in runs if run.seed in shared), runs[0]) for runs in finished.values()]
