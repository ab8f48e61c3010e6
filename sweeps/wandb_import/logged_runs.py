"""Runs as wandb recorded them, whole: from a folder of offline runs, or from its public API."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from sweeps.tracking.offline_runs import LoggedRun, read_log


def read_folder(folder: Path) -> list[LoggedRun]:
    """Read every offline run under a folder; attempts of one run (the same id) become one, the later row counts.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    paths = sorted(folder.rglob("run-*.wandb"))
    if not paths:
        raise InputError(f"{folder}: holds no offline runs of wandb (offline-run-*/run-*.wandb)")
    runs: dict[str, LoggedRun] = {}
    for path in paths:
        run = read_log(path)
        if run is None:
            raise InputError(f"{path}: holds no run (yet); import once it does, or without this file")
        earlier = runs.get(run.id)
        if earlier is not None:
            run.history = [*earlier.history, *run.history]
            run.config, run.summary = earlier.config | run.config, earlier.summary | run.summary
        runs[run.id] = run
    return list(runs.values())


def read_project(api: Any, path: str, group: str = "") -> list[LoggedRun]:
    """Read every run of ENTITY/PROJECT, or of one group in it, with its whole history; `api` is a `wandb.Api`."""
    return [_of_api(run) for run in api.runs(path) if not group or run.group == group]


def _of_api(run: Any) -> LoggedRun:
    config, summary = dict(run.config), dict(getattr(run.summary, "_json_dict", run.summary))
    history = [dict(row) for row in run.scan_history()]
    named = (run.id, run.name or "", run.group or "", run.job_type or "", list(run.tags or ()))
    return LoggedRun(*named, run.state, config, history, summary)


def looked_up(values: Mapping[str, Any], key: str) -> Any:
    """Return a value by its dotted key, whether the mapping nests or has the dots in its keys; None where absent."""
    if key in values:
        return values[key]
    first, _, rest = key.partition(".")
    inner = values.get(first)
    return looked_up(inner, rest) if rest and isinstance(inner, Mapping) else None
