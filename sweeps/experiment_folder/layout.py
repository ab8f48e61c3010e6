"""Lay out an experiment's folder: check everything that can be checked before the first run exists."""

import shutil
from pathlib import Path
from typing import Any

from cvae.config import Config, dump_yaml
from cvae.data.store import open_store
from cvae.errors import InputError
from cvae.files import sweep_up, write_atomically
from cvae.record import RunFolder, RunIdentity
from sweeps.experiment import Experiment, PlannedRun
from sweeps.experiment_folder.consistency import check_unchanged
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.search_space import Value


def pack_data(experiment: Experiment) -> dict[str, str]:
    """Open every arm's data as its runs will, packing what is not packed: mistakes in it show before any run.

    Returns:
        One line for each data set, where it comes from and how many clips it gives, with its fingerprint.

    Raises:
        InputError: a source has a fault, or lacks a split or positions that the runs need.
    """
    lines: dict[str, str] = {}  # in order, each once
    for arm in experiment.arms:
        config = experiment.config(arm, {}, experiment.seed, experiment.confirm.split)
        store = open_store(config.data, config.image_size, Path(config.store))
        lengths = {"train": config.n_past + config.n_future}
        lengths |= dict.fromkeys(["validate", experiment.confirm.split], config.n_past + config.n_eval)
        use = config.model.use_positions
        counts = [f"{len(store.clips(s, length, use_positions=use))} {s}" for s, length in lengths.items()]
        size = f"{config.image_size}x{config.image_size}"
        lines[f"data: {config.data.location}, {', '.join(counts)} clips of {size}"] = store.fingerprint
    return lines


def create_folder(root: ExperimentFolder) -> None:
    """Create the experiment's folder, with nothing in it, where there is none.

    Raises:
        InputError: it cannot be created.
    """
    try:
        root.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{root.path}: cannot be created ({error.strerror}); choose another --runs") from error


def tidy(root: ExperimentFolder) -> list[str]:
    """Remove what killed writers left unfinished in the experiment's own folder, and put aside what is none of its.

    The caller holds its lock.

    Returns:
        What was put aside, a sentence each.

    Raises:
        InputError: it cannot be removed.
    """
    try:
        sweep_up(root.path)
        for leftover in root.path.glob("*/.*.tmp"):  # a run's folder that was not made to its end
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{root.path}: cannot be tidied ({error.strerror})") from error
    return list(root.put_aside_unfit(root))


def write_experiment_file(experiment: Experiment, root: ExperimentFolder) -> None:
    """Write the experiment as it is launched.

    Raises:
        InputError: the file cannot be written.
    """
    write_atomically(root.experiment, dump_yaml(experiment.written()).encode())


def lay_out(experiment: Experiment, root: ExperimentFolder) -> None:
    """Create the experiment's folder with the experiment in it, or check that the one there holds the same.

    Raises:
        InputError: the folder cannot be written, or holds an experiment that differs in what was declared.
    """
    check_unchanged(experiment, root)
    create_folder(root)
    tidy(root)
    write_experiment_file(experiment, root)


def write_run(
    run: PlannedRun,
    root: ExperimentFolder,
    config: Config,
    params: dict[str, Value],
    trial: int | None,
) -> RunFolder:
    """Create a run's folder whole: it appears with its configuration and identity, or not at all."""
    folder = root.run(run)
    unfinished = RunFolder(folder.path.with_name(f".{folder.path.name}.tmp"))
    shutil.rmtree(unfinished.path, ignore_errors=True)
    identity = RunIdentity(root.path.name, run.arm, run.phase, run.number, run.seed, trial, dict(params))
    try:
        unfinished.path.mkdir(parents=True)
        write_config(unfinished, config)
        unfinished.write_identity(identity)
        unfinished.path.rename(folder.path)
    except OSError as error:
        raise InputError(f"{folder.path}: cannot be created ({error.strerror})") from error
    return folder


def write_config(folder: RunFolder, config: Config) -> None:
    """Write a run's configuration.

    Raises:
        InputError: it cannot be written.
    """
    write_atomically(folder.config, dump_yaml(config.model_dump(mode="json")).encode())


def pin_to_machine(config: Config, threads: int) -> Config:
    """Return the configuration with what depends on where it was launched made explicit: paths and threads."""
    updates: dict[str, Any] = {"store": str(Path(config.store).resolve())}
    if config.runtime.threads is None:
        updates["runtime"] = config.runtime.model_copy(update={"threads": threads})
    if hasattr(config.data, "root"):
        updates["data"] = config.data.model_copy(update={"root": Path(config.data.root).resolve()})
    files = {name: getattr(config.evaluation, name) for name in ("lpips", "fvd")}
    resolved = {name: str(Path(file).resolve()) for name, file in files.items() if file is not None}
    if resolved:
        updates["evaluation"] = config.evaluation.model_copy(update=resolved)
    return config.model_copy(update=updates)
