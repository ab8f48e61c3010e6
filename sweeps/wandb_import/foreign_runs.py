"""Runs of other trainers into a record, by what a mapping says that their keys mean."""

from collections.abc import Sequence
from typing import Any

from cvae.config import dump_yaml
from cvae.errors import InputError
from cvae.record import FINAL_STATUSES, RunIdentity, RunState, Status, finite
from sweeps.imported_experiment import ImportedExperiment, ImportedRun
from sweeps.tracking.offline_runs import LoggedRun
from sweeps.wandb_import.mapping import AssignedRun, KeyMapping, assign

_STATUSES: dict[str, Status] = {"finished": "finished", "running": "running", "killed": "stopped"}


def translate(runs: Sequence[LoggedRun], mapping: KeyMapping, name: str, source: str) -> ImportedExperiment:
    """Return the experiment that runs make up by a mapping.

    Raises:
        InputError: a run lacks its arm or seed, two claim one place, or none has the final score that is named.
    """
    assigned = assign(runs, mapping)
    has_final = _has_final(assigned, mapping)
    plan = _plan(name, assigned, mapping, "test" if has_final else "validate", source)
    return ImportedExperiment(
        [_translated(run, mapping, has_final, name) for run in assigned], {"experiment.yaml": dump_yaml(plan)}
    )


def _has_final(assigned: Sequence[AssignedRun], mapping: KeyMapping) -> bool:
    key = mapping.final or f"final/test/{mapping.short}"
    confirmed = [run.logged for run in assigned if run.phase == "confirm" and run.logged.state == "finished"]
    has = [finite(run.summary.get(key)) is not None for run in confirmed]
    if mapping.final and not any(has):
        raise InputError(f"no finished run's summary has {mapping.final!r} (--final)")
    return bool(has) and all(has) if mapping.final is None else True


def _plan(name: str, assigned: Sequence[AssignedRun], mapping: KeyMapping, split: str, source: str) -> dict[str, Any]:
    arms = list(dict.fromkeys(run.arm for run in assigned))
    n_trials = max(sum(run.phase == "tune" and run.arm == arm for run in assigned) for arm in arms)
    confirmed = [run for run in assigned if run.phase == "confirm"]
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


def _translated(run: AssignedRun, mapping: KeyMapping, has_final: bool, experiment: str) -> ImportedRun:
    logged = run.logged
    config = {key: value for key, value in logged.config.items() if key != "_wandb"}
    params = config.get("params")
    chosen = params if isinstance(params, dict) else {}
    lines = lines_of(logged, mapping)
    recorded = logged.summary.get("status")
    status = recorded if recorded in FINAL_STATUSES else _STATUSES.get(logged.state, "failed")
    final = _final(logged, lines, run.phase, mapping, has_final) if status == "finished" else None
    step, seconds = lines[-1]["step"] if lines else 0, finite(logged.summary.get("_runtime"))
    identity = RunIdentity(experiment, run.arm, run.phase, run.number, run.seed, params=chosen, wandb_id=logged.id)
    return ImportedRun(identity, config, lines, RunState(status, step=step, seconds=seconds, final=final))


def lines_of(run: LoggedRun, mapping: KeyMapping) -> list[dict[str, Any]]:
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
    run: LoggedRun, lines: Sequence[dict[str, Any]], phase: str, mapping: KeyMapping, has_final: bool
) -> dict[str, Any]:
    final = {key.removeprefix("final/"): value for key, value in run.summary.items() if key.startswith("final/")}
    final = {key: value for key, value in final.items() if finite(value) is not None}
    name = f"val/{mapping.short}"
    if (last := next((line[name] for line in reversed(lines) if name in line), None)) is not None:
        final[name] = last
    if has_final and phase == "confirm" and mapping.final:
        final[f"test/{mapping.short}"] = finite(run.summary.get(mapping.final))
    return final
