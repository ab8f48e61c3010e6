"""Import wandb runs, once, into an experiment's folder: mirrored ones, or those of other trainers."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from sweeps.imported_experiment import ImportedExperiment, write_experiment
from sweeps.tracking.offline_runs import LoggedRun
from sweeps.wandb_import.foreign_runs import translate
from sweeps.wandb_import.logged_runs import read_folder, read_project
from sweeps.wandb_import.mapping import KeyMapping
from sweeps.wandb_import.mirrored_runs import restore

_PROJECT = re.compile(r"(?P<path>[^/\s]+/[^/\s]+)(?:/(?P<group>[^/\s]+))?")


def import_runs(source: str, into: Path | None, mapping: KeyMapping, api: Any = None) -> Path:
    """Write an experiment's folder from ENTITY/PROJECT[/GROUP] or a folder of offline runs, and return it.

    What was imported before from the same source in the same way is left as it is.

    Raises:
        InputError: there are no runs, one lacks its arm or seed, or the target holds something else.
    """
    is_local = Path(source).is_dir()
    if not is_local and not _PROJECT.fullmatch(source):
        raise InputError(f"{source}: neither a folder nor ENTITY/PROJECT or ENTITY/PROJECT/GROUP of wandb")
    folder = into or Path("runs") / _default_name(source, is_local)
    origin = {"source": str(Path(source).resolve()) if is_local else source, "mapping": asdict(mapping)}
    if folder.exists():
        return _known(folder, origin)
    runs = read_folder(Path(source)) if is_local else _read_project(source, api)
    if not runs:
        raise InputError(f"{source}: holds no runs")
    write_experiment(_experiment(runs, mapping, folder.name, str(origin["source"])), folder, origin)
    return folder


def _read_project(source: str, api: Any) -> list[LoggedRun]:
    named = _PROJECT.fullmatch(source)
    assert named is not None, source  # the caller has looked
    if api is None:
        import wandb

        api = wandb.Api()
    return read_project(api, named["path"], named["group"] or "")


def _experiment(runs: Sequence[LoggedRun], mapping: KeyMapping, name: str, source: str) -> ImportedExperiment:
    try:
        mirrored = restore(runs)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    if mirrored is None:
        return translate(runs, mapping, name, source)
    if mapping != KeyMapping():
        raise InputError(
            f"{source}: this project mirrored these runs, and they say what their keys mean: leave out options"
        )
    return mirrored


def _default_name(source: str, is_local: bool) -> str:
    path = Path(source).resolve()
    name = path.parent.name if is_local and path.name == "wandb" else path.name
    return f"{name}-imported"


def _known(folder: Path, origin: dict[str, Any]) -> Path:
    try:
        known = json.loads((folder / "imported.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: exists and was not imported; choose another folder with --into") from error
    if {key: known.get(key) for key in origin} != origin:
        raise InputError(
            f"{folder}: was imported from {known.get('source')} with {known.get('mapping')}; "
            "remove it to import again, or choose another folder with --into"
        )
    return folder
