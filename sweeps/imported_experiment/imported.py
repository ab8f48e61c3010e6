"""An experiment as it was read from elsewhere, and how it becomes a folder that the report reads like any other."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cvae.config import dump_yaml
from cvae.errors import InputError
from cvae.record import RunFolder, RunIdentity, RunState
from sweeps.experiment import Phase, format_run_name


@dataclass(frozen=True)
class ImportedRun:
    """What is known of one run, as its run folder will hold it."""

    identity: RunIdentity
    config: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]  # of epochs.jsonl
    state: RunState
    clips: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)  # of clips.npz; empty: none is written

    @property
    def name(self) -> str:
        """The run folder's name."""
        phase: Phase = "tune" if self.identity.phase == "tune" else "confirm"
        return format_run_name(phase, self.identity.number, self.identity.seed)


@dataclass(frozen=True)
class ImportedExperiment:
    """The runs, and the files that belong to all of them."""

    runs: Sequence[ImportedRun]
    files: Mapping[str, str]  # experiment.yaml and, where it was kept, data.json -> their text


def write_experiment(experiment: ImportedExperiment, folder: Path, origin: Mapping[str, Any]) -> None:
    """Write the experiment's folder whole, or not at all; `imported.json` says from where.

    Raises:
        InputError: it cannot be written.
    """
    try:
        _write_beside(experiment, folder, origin).rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from error


def replace_experiment(experiment: ImportedExperiment, folder: Path, origin: Mapping[str, Any]) -> None:
    """Write the experiment where an earlier import of it lies. Its report stays: it knows what it said before.

    Raises:
        InputError: it cannot be written.
    """
    former = folder.with_name(f".{folder.name}.former")
    try:
        unfinished = _write_beside(experiment, folder, origin)
        if (folder / "report").is_dir():
            shutil.copytree(folder / "report", unfinished / "report")
        shutil.rmtree(former, ignore_errors=True)
        folder.rename(former)
        unfinished.rename(folder)
        shutil.rmtree(former, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from error


def _write_beside(experiment: ImportedExperiment, folder: Path, origin: Mapping[str, Any]) -> Path:
    """Write everything into a hidden folder beside the experiment's, and return it."""
    unfinished = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    arms = list(dict.fromkeys(run.identity.arm for run in experiment.runs))
    for run in experiment.runs:
        arm = run.identity.arm
        _write_run(RunFolder(unfinished / f"{arms.index(arm):02d}-{_plain(arm)}" / run.name), run)
    for name, text in experiment.files.items():
        (unfinished / name).write_text(text, encoding="utf-8")
    ids = {f"{run.identity.arm}/{run.name}": run.identity.wandb_id for run in experiment.runs if run.identity.wandb_id}
    imported = json.dumps({**origin, **({"runs": ids} if ids else {})}, indent=2) + "\n"
    (unfinished / "imported.json").write_text(imported, encoding="utf-8")
    return unfinished


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:60]


def _write_run(folder: RunFolder, run: ImportedRun) -> None:
    folder.path.mkdir(parents=True)
    folder.write_identity(run.identity)
    folder.config.write_text(dump_yaml(dict(run.config)), encoding="utf-8")
    folder.epochs.write_text("".join(json.dumps(line) + "\n" for line in run.lines), encoding="utf-8")
    folder.write_state(run.state)
    if run.clips:
        np.savez(folder.clips, allow_pickle=False, **run.clips)
