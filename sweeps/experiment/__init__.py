"""The experiment file and the runs that follow from it, before any of them exists. No optuna."""

from sweeps.experiment.collapse_check import ArmWeights, measure_arms, weight_lines
from sweeps.experiment.experiment import Experiment, build_experiment, load_experiment
from sweeps.experiment.experiment_schema import schema_text
from sweeps.experiment.metrics import Measure, Metric, SecondaryMetric, check_also, label_of
from sweeps.experiment.phases import Tune
from sweeps.experiment.plan import (
    Phase,
    PlannedRun,
    all_runs,
    block_of,
    format_run_name,
    parse_run_name,
    tuning_of,
)
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
    "Measure",
    "MedianOptions",
    "Metric",
    "PatientOptions",
    "Phase",
    "PlannedRun",
    "SecondaryMetric",
    "Tune",
    "all_runs",
    "block_of",
    "build_experiment",
    "check_also",
    "format_run_name",
    "label_of",
    "load_experiment",
    "measure_arms",
    "parse_run_name",
    "schema_text",
    "tuning_of",
    "weight_lines",
]
