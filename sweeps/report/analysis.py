"""The whole comparison: a folder in, a verdict out; nothing is written."""

from dataclasses import dataclass
from pathlib import Path

from sweeps.report.compare import compare_all_pairs, compare_arms
from sweeps.report.guard import Guard
from sweeps.report.guards import check, is_void
from sweeps.report.headline import Clause, clauses_of, headline
from sweeps.report.load import load_experiment
from sweeps.report.results import ArmResult, PairResult
from sweeps.report.runs import Experiment
from sweeps.report.variance import VarianceSplit, variance_split


@dataclass(frozen=True)
class Analysis:
    """An experiment with what follows from it."""

    experiment: Experiment
    arms: list[ArmResult]
    pairs: list[PairResult]
    guards: list[Guard]
    is_void: bool
    clauses: list[Clause]
    headline: str
    variance: VarianceSplit


def analyse(folder: Path) -> Analysis:
    """Read an experiment's folder and draw its conclusions.

    Raises:
        InputError: the folder cannot be used; see `load_experiment`.
    """
    return conclude(load_experiment(folder))


def conclude(experiment: Experiment) -> Analysis:
    """Draw the conclusions of an experiment that has been read."""
    arms = compare_arms(experiment)
    pairs = compare_all_pairs(experiment, arms)
    void, clauses = is_void(arms), clauses_of(experiment, arms, pairs)
    return Analysis(
        experiment=experiment,
        arms=arms,
        pairs=pairs,
        guards=check(experiment, arms, pairs),
        is_void=void,
        clauses=clauses,
        headline=headline(experiment, clauses, void),
        variance=variance_split(experiment, arms),
    )
