"""The experiment file and the runs that follow from it, before any of them exists. No optuna."""

from sweeps.experiment.collapse_check import ArmWeights, measure_arms, weight_lines
from sweeps.experiment.experiment import Experiment, Tune, build_experiment, load_experiment
from sweeps.experiment.plan import Phase, PlannedRun, all_runs
from sweeps.experiment.sampler_options import (
    PRUNERS,
    AshaOptions,
    GridOptions,
    HyperbandOptions,
    MedianOptions,
    PatientOptions,
)

__all__ = [
    "PRUNERS",
    "ArmWeights",
    "AshaOptions",
    "Experiment",
    "GridOptions",
    "HyperbandOptions",
    "MedianOptions",
    "PatientOptions",
    "Phase",
    "PlannedRun",
    "Tune",
    "all_runs",
    "build_experiment",
    "load_experiment",
    "measure_arms",
    "weight_lines",
]
