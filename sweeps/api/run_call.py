"""Running an experiment from a program: what `run_sweep.py` does."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from cvae.config import load_yaml_mapping, merge
from cvae.errors import InputError
from cvae.files import require_folder
from sweeps.api.read_analysis import ReadAnalysis, analyse
from sweeps.commands.options import LaunchOptions, Output
from sweeps.experiment import build_experiment
from sweeps.experiment_folder import ExperimentFolder, as_launched, find_experiment_file
from sweeps.workers import find_slots, usable_cores


def run(
    experiment: str | PathLike[str] | Mapping[str, Any],
    runs: str | PathLike[str] = "runs",
    *,
    settings: Mapping[str, Any] | None = None,
    slots: int | None = None,
    tracker: Literal["offline", "online", "disabled"] = "disabled",
    output: Output = "quiet",
    hang_s: float = 1800.0,
) -> ReadAnalysis:
    """Bring an experiment to its end, as far as it is not there yet, and return what came out.

    Each run trains in a process of its own. Ctrl-C ends them at their next checkpoints; the same call goes on.

    Args:
        experiment: an experiment's file or name, or what a file holds as a mapping.
        runs: folder that holds the experiment's folder.
        settings: differences to lay over it, nested as in the file.
        slots: runs at a time; None: by GPUs, or by cores and `runtime.threads`.
        tracker: how wandb mirrors the runs.
        output: what is printed; `quiet` is trouble alone.
        hang_s: a training that stands still so long is started again.

    Raises:
        InputError: something given cannot be used, another process works on the experiment, or it was stopped.
    """
    from sweeps.commands.foreground import WITH_LOSSES  # loads optuna
    from sweeps.commands.launch import launch

    values, where = experiment, "experiment"
    if not isinstance(values, Mapping):
        file = find_experiment_file(Path(values), Path(runs))
        values, where = load_yaml_mapping(file), str(file)
    declared = build_experiment(merge(values, settings or {}), where)
    root = ExperimentFolder(require_folder(Path(runs) / declared.name, "runs"))
    declared = as_launched(declared, root)
    first = declared.config(next(iter(declared.arms)), {}, declared.seed, declared.confirm.split)
    machine = find_slots(slots, 1, first.runtime.device, first.runtime.threads)
    threads = max(1, usable_cores() // machine.total)
    try:
        launch(declared, root, machine, LaunchOptions(threads, tracker, output, None, None, None, hang_s))
    except SystemExit as end:
        if end.code == WITH_LOSSES:  # it is done: the analysis says which runs have no result
            return analyse(root.path)
        raise InputError(f"{root.path}: the sweep was stopped before its end; the same call goes on") from end
    return analyse(root.path)
