"""The page of some runs: their curves, what they were told differently, what they scored, their pictures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from cvae.files import write_atomically
from sweeps.experiment import Metric
from sweeps.report.figures import TEMPLATES, THEME, Figure, colour, curve_figures, per_frame
from sweeps.report.output import collect_samples, inert_json, template, vega_bundle
from sweeps.report.reading import ExperimentRecord, PlanRecord, RunRecord, read_lone_run

#: More are no longer told apart by their colours.
MOST_RUNS = 8

#: Numbers of a final evaluation without their split, in the order in which they are shown.
_SHOWN = (
    *("energy_db", "psnr", "copy_last_psnr", "ssim", "mse", "crps", "best_of_n_psnr", "mean_of_n_psnr"),
    *("posterior_psnr", "posterior_zero_gap", "kl", "active_units", "mutual_information", "distortion", "fvd"),
)


def write_runs_page(folders: Sequence[Path], into: Path) -> Path:
    """Write `runs.html`, which needs no network, into a folder and return its path.

    Raises:
        InputError: a folder is no run's or holds no evaluation, there are too few or too many, or nothing can be
            written.
    """
    experiment = as_experiment(folders)
    page = into / "runs.html"
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{into}: cannot be made ({error.strerror})") from error
    write_atomically(page, render_runs(experiment).encode())
    return page


def as_experiment(folders: Sequence[Path]) -> ExperimentRecord:
    """Return runs as an experiment in which each is an arm of its own.

    Raises:
        InputError: as `write_runs_page`.
    """
    if not 2 <= len(folders) <= MOST_RUNS:
        raise InputError(f"--runs: {len(folders)} given; a page holds 2 to {MOST_RUNS} run folders")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError("--runs: a run folder is given twice")
    names = short_names(folders)
    runs = tuple(read_lone_run(folder, name) for folder, name in zip(folders, names, strict=True))
    if empty := [str(run.folder) for run in runs if not run.series("val/psnr")]:
        raise InputError(f"{', '.join(empty)}: holds no evaluation yet")
    metric = "val/energy_db" if all(run.series("val/energy_db") for run in runs) else "val/psnr"
    splits = {run.config.get("evaluation", {}).get("final_split", "validate") for run in runs}
    plan = PlanRecord(
        name="runs",
        question="",
        metric=Metric(name=metric),
        arms=tuple(names),
        spaces={name: {} for name in names},
        trials_per_arm=0,
        sampler=None,
        n_configs=1,
        n_seeds=1,
        split=splits.pop() if len(splits) == 1 else "validate",
    )
    return ExperimentRecord(folders[0], plan, runs, (), (), {})


def short_names(folders: Sequence[Path]) -> list[str]:
    """Return as many of the last parts of each path as tell them apart, at least two: `cyclical/confirm-0-s1003`."""
    paths = [folder.resolve().parts for folder in folders]
    for n in range(2, max(map(len, paths)) + 1):
        names = ["/".join(parts[-n:]) for parts in paths]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def render_runs(experiment: ExperimentRecord) -> str:
    """Return the page."""
    curves = curve_figures(experiment, "confirm")
    ahead = [figure for figure in (per_frame(experiment),) if figure is not None]
    values: dict[str, Any] = {
        "plan": experiment.plan,
        "runs": experiment.runs,
        "curves": curves,
        "ahead": ahead,
        "told": list(differences([run.config for run in experiment.runs])),
        "scores": list(score_rows(experiment.runs)),
        "samples": collect_samples(experiment),
        "colours": {name: colour(i) for i, name in enumerate(experiment.plan.arms)},
        "css": (TEMPLATES / "page.css").read_text(encoding="utf-8"),
        "script": vega_bundle(),
        "page_script": (TEMPLATES / "page.js").read_text(encoding="utf-8"),
        "specs_json": inert_json(_specs([*curves, *ahead])),
        "theme_json": inert_json(THEME),
        "has_files": False,
    }
    return template("runs.html.j2").render(values)


def _specs(figures: Sequence[Figure]) -> dict[str, Any]:
    return {figure.id: figure.spec for figure in figures}


def differences(configs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the configured values that are not the same in all runs: the key's path, and each run's value."""
    flat = [dict(_flat(config)) for config in configs]
    for path in dict.fromkeys(path for one in flat for path in one):
        values = [one.get(path, "-") for one in flat]
        if any(value != values[0] for value in values):
            yield path, [str(value) for value in values]


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def score_rows(runs: Sequence[RunRecord]) -> Iterator[tuple[str, list[str]]]:
    """Yield what the runs' final evaluations say, by split: the number's name, and each run's value."""
    for split in ("val", "test", "train"):
        for short in _SHOWN:
            values = [run.final(f"{split}/{short}") for run in runs]
            if any(value is not None for value in values):
                yield f"{split}/{short}", ["" if value is None else f"{value:.4g}" for value in values]
