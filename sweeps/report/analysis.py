"""The whole comparison: a folder in, a verdict out; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cvae.errors import InputError
from sweeps.report.checks import Check, is_void, run_checks
from sweeps.report.comparison import (
    ArmResult,
    Clause,
    PairResult,
    VarianceSplit,
    clauses_of,
    compare_all_pairs,
    compare_arms,
    headline,
    variance_split,
)
from sweeps.report.reading import ExperimentRecord, merged, read_experiment, refuse_what_differs
from sweeps.report.secondary import SecondaryResult, compare_secondary, disagreements


@dataclass(frozen=True)
class Analysis:
    """An experiment with what follows from it."""

    experiment: ExperimentRecord
    arms: list[ArmResult]
    pairs: list[PairResult]
    checks: list[Check]
    is_void: bool
    clauses: list[Clause]
    headline: str
    variance: VarianceSplit
    secondary: list[SecondaryResult]  # by the metrics that decide nothing
    disagreements: list[str]  # where these point elsewhere, a sentence each


def analyse(folder: Path) -> Analysis:
    """Read an experiment's folder and draw its conclusions.

    Raises:
        InputError: the folder cannot be used; see `load_experiment`.
    """
    return conclude(read_experiment(folder))


def conclude_from(folders: Sequence[Path], into: Path | None = None) -> Analysis:
    """Return the conclusions from one folder, or from several compared with each other.

    Raises:
        InputError: one cannot be read, or their scores cannot be compared.
    """
    return analyse(folders[0]) if len(folders) == 1 else analyse_across(folders, into)


def conclude(experiment: ExperimentRecord) -> Analysis:
    """Draw the conclusions of an experiment that has been read."""
    arms = compare_arms(experiment)
    pairs = compare_all_pairs(experiment, arms)
    secondary = compare_secondary(experiment)
    void, clauses = is_void(arms), clauses_of(experiment, arms, pairs)
    return Analysis(
        experiment=experiment,
        arms=arms,
        pairs=pairs,
        checks=run_checks(experiment, arms, pairs),
        is_void=void,
        clauses=clauses,
        headline=headline(experiment, pairs, clauses, void),
        variance=variance_split(experiment, arms),
        secondary=secondary,
        disagreements=disagreements(experiment.plan, arms, pairs, secondary),
    )


def analyse_across(folders: Sequence[Path], into: Path | None) -> Analysis:
    """Read several experiments and compare every two of all their arms, paired by the seeds that they share.

    Raises:
        InputError: one cannot be read, or their scores cannot be compared; the difference is named.
    """
    experiments = [read_experiment(folder) for folder in folders]
    first = experiments[0]
    for other in experiments[1:]:
        refuse_what_differs(first, other)
    folder = into or first.folder.with_name("-against-".join(e.folder.name for e in experiments))
    if (folder / "experiment.yaml").exists():
        raise InputError(f"{folder}: is an experiment's folder; choose another with --into")
    return conclude(merged(experiments, folder))
