"""The numbers that an experiment names: the one that decides, and those that are reported beside it."""

from sweeps.experiment.metrics.metric import DECIDING, Measure, Metric, check_deciding, check_prunes
from sweeps.experiment.metrics.secondary_metric import SecondaryMetric, check_also, label_of

__all__ = [
    "DECIDING",
    "Measure",
    "Metric",
    "SecondaryMetric",
    "check_also",
    "check_deciding",
    "check_prunes",
    "label_of",
]
