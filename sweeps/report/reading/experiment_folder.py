"""From an experiment's folder to typed values; everything unusable is refused here, by name."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cvae.config import format_validation_error, load_yaml_mapping
from cvae.errors import InputError, unless_damaged
from cvae.record import PREFIXES, finite
from cvae.sections import Section
from sweeps.experiment import Metric, SecondaryMetric, check_also, parse_run_name
from sweeps.experiment_folder import ExperimentFolder, Ledger, read_data_record, read_looks
from sweeps.report.reading.earlier_reports import earlier_looks, earlier_metrics
from sweeps.report.reading.edits import find_edited
from sweeps.report.reading.records import ExperimentRecord, PlanRecord
from sweeps.report.reading.run_reading import read_run
from sweeps.search_space import Dimension, WrittenDimension, parameters


def read_experiment(folder: Path) -> ExperimentRecord:
    """Read `runs/<experiment>`.

    Raises:
        InputError: the folder is missing or not an experiment's, a file in it cannot be read, or no run has finished.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give an experiment's folder, such as runs/kl-annealing")
    if not (folder / "experiment.yaml").is_file():
        raise InputError(
            f"{folder}: not an experiment's folder (it has no experiment.yaml); give runs/<experiment>, "
            "the folder that run_sweep.py wrote"
        )
    plan, damage = load_plan(folder / "experiment.yaml"), list[str]()
    found = [path for path in sorted(folder.glob("*/*")) if parse_run_name(path.name) and path.is_dir()]
    paths = [path for path in found if path.parent.name != ExperimentFolder(folder).damaged.name]
    runs = [read_run(path, damage) for path in paths]
    known = [run for run in runs if run.arm in plan.arms]
    damage += [line for line in (Ledger(ExperimentFolder(folder).ledger).damage(),) if line]
    damage += _unreadable_arms(folder, plan)
    if not any(run.is_finished for run in known) and damage:
        raise InputError(f"{folder}: no finished run can be read: {damage[0]}")
    if not any(run.is_finished for run in known):
        raise InputError(f"{folder}: no run has finished yet, so there is nothing to report; run run_sweep.py first")
    known.sort(key=lambda run: (plan.arms.index(run.arm), run.phase, run.number, run.seed or 0, run.name))
    strangers = tuple(str(run.folder.relative_to(folder)) for run in runs if run.arm not in plan.arms)
    reported = folder / "report" / "verdict.json"
    earlier, (looks, first_planned) = earlier_metrics(reported, plan.metric), earlier_looks(reported, plan.metric)
    looked = next(read_looks(Ledger(ExperimentFolder(folder).ledger).read()), None)  # by the sweep itself
    first_planned = looked.planned if looked else first_planned
    thresholds = unless_damaged(lambda: load_thresholds(folder), dict[str, float](), damage)
    edited, copies = find_edited(folder, known)
    kept = tuple(run for run in known if not any(run is copy for copy in copies))
    record = ExperimentRecord(folder, plan, kept, strangers, earlier, thresholds, looks, first_planned)
    return replace(record, damage=tuple(damage), edited=tuple(edited))


def _unreadable_arms(folder: Path, plan: PlanRecord) -> list[str]:
    """Return a sentence for every arm whose runs may not even be listed."""
    closed = [
        folder / arm for arm in plan.arms if (folder / arm).is_dir() and not os.access(folder / arm, os.R_OK | os.X_OK)
    ]
    return [f"{path}: cannot be read (Permission denied)" for path in closed]


def load_thresholds(folder: Path) -> dict[str, float]:
    """Read arm -> beta_c, as recorded at launch; empty where nothing was.

    Raises:
        InputError: the file is there but is not what run_sweep.py writes.
    """
    arms = read_data_record(ExperimentFolder(folder)).arms
    bounds = {arm: finite(weights.threshold.beta_c) for arm, weights in arms.items() if weights.threshold}
    return {arm: beta_c for arm, beta_c in bounds.items() if beta_c is not None}


def load_plan(path: Path) -> PlanRecord:
    """Read the normalised experiment file.

    Raises:
        InputError: a section is missing or holds something else than it should.
    """
    values = load_yaml_mapping(path)
    arms = _mapping(values, "arms", path)
    if not arms:
        raise InputError(f"{path}: arms is empty; an experiment has at least one arm")
    confirm, tune, shared = (_mapping(values, key, path) for key in ("confirm", "tune", "search"))
    searches = {str(arm): {**shared, **((overrides or {}).get("search") or {})} for arm, overrides in arms.items()}
    spaces = {arm: _space(search, path) for arm, search in searches.items()}
    split = str(confirm.get("split", "test"))
    if split not in PREFIXES:
        raise InputError(f"{path}: confirm.split is {split!r}; it is one of {', '.join(PREFIXES)}")
    seeds, metric = confirm.get("seeds", 0), _metric(_mapping(values, "metric", path), path)
    return PlanRecord(
        name=str(values.get("name") or path.parent.name),
        question=str(values.get("question") or ""),
        metric=metric,
        arms=tuple(spaces),
        spaces=spaces,
        trials_per_arm=int(tune.get("trials_per_arm", 0)),
        sampler=tune.get("sampler"),
        n_configs=int(confirm.get("configs_per_arm", 1)),
        n_seeds=len(seeds) if isinstance(seeds, list) else int(seeds),
        split=split,
        n_tunings=int(confirm.get("replicates") or 1),
        stop=str(confirm.get("stop", "planned")),
        also=_also(values.get("also") or [], metric, path),
    )


class _Searching(Section):
    """What an arm searches, as the experiment file writes it."""

    search: dict[str, WrittenDimension]


def _space(search: Mapping[str, Any], path: Path) -> dict[str, Dimension]:
    """Return name -> range of every parameter that some trial may have."""
    try:
        space = _Searching.model_validate({"search": search}).search
    except ValidationError as error:
        raise InputError(format_validation_error(error, _Searching, str(path))) from error
    return {parameter.name: parameter.dimension for parameter in parameters(space)}


def _mapping(values: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = values.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{path}: {key} should be a mapping, found {type(value).__name__}")
    return value


def _metric(values: Mapping[str, Any], path: Path) -> Metric:
    name, direction = values.get("name"), values.get("direction", "maximize")
    if not isinstance(name, str) or direction not in ("maximize", "minimize"):
        raise InputError(f"{path}: metric needs a name and a direction (maximize or minimize), found {dict(values)}")
    margin = finite(values.get("margin"))
    if values.get("margin") is not None and (margin is None or margin <= 0):
        raise InputError(f"{path}: metric.margin is {values['margin']!r}; it is a number above 0, or null")
    return Metric(name=name, direction="minimize" if direction == "minimize" else "maximize", margin=margin)


class _Also(Section):
    """The metrics beside the one that decides, as the experiment file writes them."""

    also: list[SecondaryMetric]


def _also(written: Any, metric: Metric, path: Path) -> tuple[SecondaryMetric, ...]:
    try:
        also = tuple(_Also.model_validate({"also": written}).also)
        check_also(metric, also)
    except ValidationError as error:
        raise InputError(format_validation_error(error, _Also, str(path))) from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return also
