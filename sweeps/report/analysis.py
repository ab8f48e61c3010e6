"""The whole report: folder in, verdict out, files written last."""

from dataclasses import dataclass
from pathlib import Path

from cvae.errors import InputError
from cvae.record import write_atomically
from sweeps.report.compare import compare_all_pairs, compare_arms
from sweeps.report.guards import Guard, check, is_void
from sweeps.report.load import load_experiment
from sweeps.report.results import ArmResult, PairResult
from sweeps.report.runs import Experiment
from sweeps.report.verdict import headline


@dataclass(frozen=True)
class Analysis:
    """An experiment with what follows from it."""

    experiment: Experiment
    arms: list[ArmResult]
    pairs: list[PairResult]
    guards: list[Guard]
    is_void: bool
    headline: str


def analyse(folder: Path) -> Analysis:
    """Read an experiment's folder and draw its conclusions.

    Raises:
        InputError: the folder cannot be used; see `load_experiment`.
    """
    experiment = load_experiment(folder)
    arms = compare_arms(experiment)
    pairs = compare_all_pairs(experiment, arms)
    void = is_void(arms)
    return Analysis(
        experiment=experiment,
        arms=arms,
        pairs=pairs,
        guards=check(experiment, arms, pairs),
        is_void=void,
        headline=headline(experiment.plan, arms, pairs, void),
    )


def write_report(analysis: Analysis) -> Path:
    """Write `report/` into the experiment's folder and return the page's path.

    Everything is rendered before the first file is touched; each file is replaced whole, the page last.

    Raises:
        InputError: a file cannot be written.
    """
    from sweeps.report.page import render_files  # the figures' libraries; the verdict needs none of them

    files = render_files(analysis)
    folder = analysis.experiment.folder / "report"
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from error
    for name, content in files.items():
        write_atomically(folder / name, content.encode())
    return folder / "index.html"
