"""Arrays of numbers in, numbers out: paired tests, bootstrap, power, calibration. Nothing here knows an experiment."""

from sweeps.report.statistics.bootstrap import Interval, bca_interval, bca_intervals, sign_flip_p
from sweeps.report.statistics.calibration import calibration, measured_coverage
from sweeps.report.statistics.paired import (
    ALPHA,
    Mean,
    Paired,
    SignTest,
    compare_pairs,
    half_width,
    holm,
    mean_interval,
    pairs_needed,
    sign_test,
)
from sweeps.report.statistics.power import effect_for_pairs, pairs_for_effect, power_of
from sweeps.report.statistics.robust import (
    Improvement,
    interquartile_mean,
    probability_of_improvement,
    signed_rank_p,
    worst_tenth,
)

__all__ = [
    "ALPHA",
    "Improvement",
    "Interval",
    "Mean",
    "Paired",
    "SignTest",
    "bca_interval",
    "bca_intervals",
    "calibration",
    "compare_pairs",
    "effect_for_pairs",
    "half_width",
    "holm",
    "interquartile_mean",
    "mean_interval",
    "measured_coverage",
    "pairs_for_effect",
    "pairs_needed",
    "power_of",
    "probability_of_improvement",
    "sign_flip_p",
    "sign_test",
    "signed_rank_p",
    "worst_tenth",
]
