"""Arms and pairs of arms: what confirm says of each, the verdict by rule, and what metrics beside it say."""

from sweeps.report.comparison.compare import compare_all_pairs, compare_arms
from sweeps.report.comparison.disagreement import disagreements
from sweeps.report.comparison.expected_best import budget_curve
from sweeps.report.comparison.results import ArmResult, PairResult
from sweeps.report.comparison.secondary import SecondaryArm, SecondaryPair, SecondaryResult, compare_secondary
from sweeps.report.comparison.variance import VarianceSplit, seeds_needed, variance_split
from sweeps.report.comparison.verdict import (
    Clause,
    clauses_of,
    decide_pair,
    format_more_seeds,
    format_progress,
    headline,
    pair_sentence,
)

__all__ = [
    "ArmResult",
    "Clause",
    "PairResult",
    "SecondaryArm",
    "SecondaryPair",
    "SecondaryResult",
    "VarianceSplit",
    "budget_curve",
    "clauses_of",
    "compare_all_pairs",
    "compare_arms",
    "compare_secondary",
    "decide_pair",
    "disagreements",
    "format_more_seeds",
    "format_progress",
    "headline",
    "pair_sentence",
    "seeds_needed",
    "variance_split",
]
