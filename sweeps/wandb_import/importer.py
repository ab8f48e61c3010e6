"""Import wandb runs, once, into run folders that the report reads like its own."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cvae.config import dump_yaml
from cvae.errors import InputError
from cvae.record import FINAL_STATUSES, RunFolder, RunIdentity, RunState, Status, finite
from sweeps.wandb_import.logged_runs import LoggedRun, read_folder, read_project
from sweeps.wandb_import.mapping import AssignedRun, KeyMapping, assign

_STATUSES: dict[str, Status] = {"finished": "finished", "running": "running", "killed": "stopped"}


def import_runs(source: str, into: Path | None, mapping: KeyMapping, api: Any = None) -> Path:
    """Write an experiment's folder from ENTITY/PROJECT or a folder of offline runs, and return it.

    What was imported before from the same source in the same way is left as it is.

    Raises:
        InputError: there are no runs, one lacks its arm or seed, or the target holds something else.
    """
    is_local = Path(source).is_dir()
    if not is_local and not re.fullmatch(r"[^/\s]+/[^/\s]+", source):
        raise InputError(f"--wandb {source}: neither a folder nor ENTITY/PROJECT")
    folder = into or Path("runs") / _default_name(source, is_local)
    origin = {"source": str(Path(source).resolve()) if is_local else source, "mapping": asdict(mapping)}
    if folder.exists():
        return _known(folder, origin)
    runs = read_folder(Path(source)) if is_local else read_project(api or _public_api(), source)
    if not runs:
        raise InputError(f"--wandb {source}: holds no runs")
    write_experiment(folder, assign(runs, mapping), mapping, origin)
    return folder


def _public_api() -> Any:
    import wandb

    return wandb.Api()


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


def write_experiment(folder: Path, placed: Sequence[AssignedRun], mapping: KeyMapping, origin: dict[str, Any]) -> None:
    """Write the experiment's folder whole, or not at all."""
    unfinished = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    arms = list(dict.fromkeys(run.arm for run in placed))
    is_final = _has_final(placed, mapping)
    try:
        for run in placed:
            path = unfinished / f"{arms.index(run.arm):02d}-{_plain(run.arm)}" / run.folder
            path.mkdir(parents=True)
            _write_run(RunFolder(path), run, mapping, is_final, folder.name)
        plan = _plan(folder.name, placed, arms, mapping, "test" if is_final else "validate", origin["source"])
        (unfinished / "experiment.yaml").write_text(dump_yaml(plan), encoding="utf-8")
        imported = origin | {"runs": {f"{run.arm}/{run.folder}": run.run.id for run in placed}}
        (unfinished / "imported.json").write_text(json.dumps(imported, indent=2) + "\n", encoding="utf-8")
        unfinished.rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from error


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:60]


def _has_final(placed: Sequence[AssignedRun], mapping: KeyMapping) -> bool:
    key = mapping.final or f"final/test/{mapping.short}"
    confirmed = [run.run for run in placed if run.phase == "confirm" and run.run.state == "finished"]
    has = [finite(run.summary.get(key)) is not None for run in confirmed]
    if mapping.final and not any(has):
        raise InputError(f"no finished run's summary has {mapping.final!r} (--final)")
    return bool(has) and all(has) if mapping.final is None else True


def _plan(
    name: str, placed: Sequence[AssignedRun], arms: Sequence[str], mapping: KeyMapping, split: str, source: str
) -> dict[str, Any]:
    n_trials = max(sum(run.phase == "tune" and run.arm == arm for run in placed) for arm in arms)
    confirmed = [run for run in placed if run.phase == "confirm"]
    return {
        "name": name,
        "question": f"Imported from wandb, {source}; {mapping.metric} is read as val/{mapping.short}.",
        "metric": {"name": f"val/{mapping.short}", "direction": mapping.direction, "margin": mapping.margin},
        "arms": {arm: {} for arm in arms},
        "search": {},
        "tune": {"trials_per_arm": n_trials},
        "confirm": {
            "configs_per_arm": len({run.number for run in confirmed}) or 1,
            "seeds": len({run.seed for run in confirmed}),
            "split": split,
        },
    }


def _write_run(folder: RunFolder, placed: AssignedRun, mapping: KeyMapping, is_final: bool, experiment: str) -> None:
    run = placed.run
    config = {key: value for key, value in run.config.items() if key != "_wandb"}
    params = config.get("params")
    searched = params if isinstance(params, dict) else {}
    who = (experiment, placed.arm, placed.phase, placed.number, placed.seed)
    rows = epochs_of(run, mapping)
    folder.write_identity(RunIdentity(*who, params=searched, wandb_id=run.id))
    folder.config.write_text(dump_yaml(config), encoding="utf-8")
    folder.epochs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = run.summary.get("status")
    status = told if told in FINAL_STATUSES else _STATUSES.get(run.state, "failed")
    final = _final(run, rows, placed.phase, mapping, is_final) if status == "finished" else None
    step, seconds = rows[-1]["step"] if rows else 0, finite(run.summary.get("_runtime"))
    folder.write_state(RunState(status, step=step, seconds=seconds, final=final))


def epochs_of(run: LoggedRun, mapping: KeyMapping) -> list[dict[str, Any]]:
    """Return the whole history as evaluations: rows of one step become one, scalars only, in the order of steps."""
    by_step: dict[int, dict[str, Any]] = {}
    for row in run.history:
        step = finite(row.get(mapping.step_key))
        scalars = {key: number for key, value in row.items() if (number := finite(value)) is not None}
        if step is not None and scalars.keys() - {mapping.step_key, "_step", "_timestamp", "_runtime"}:
            by_step.setdefault(int(step), {}).update(scalars | {"step": int(step)})
    name = f"val/{mapping.short}"
    for row in by_step.values():
        if mapping.metric in row:
            row[name] = row[mapping.metric]
    return [by_step[step] for step in sorted(by_step)]


def _final(
    run: LoggedRun, rows: Sequence[dict[str, Any]], phase: str, mapping: KeyMapping, is_final: bool
) -> dict[str, Any]:
    final = {key.removeprefix("final/"): value for key, value in run.summary.items() if key.startswith("final/")}
    final = {key: value for key, value in final.items() if finite(value) is not None}
    name = f"val/{mapping.short}"
    if (last := next((row[name] for row in reversed(rows) if name in row), None)) is not None:
        final[name] = last
    if is_final and phase == "confirm" and mapping.final:
        final[f"test/{mapping.short}"] = finite(run.summary.get(mapping.final))
    return final
