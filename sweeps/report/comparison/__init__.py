"""Arms and pairs of arms: what confirm says of each, and the verdict by rule and in words."""

from sweeps.report.comparison.arm_results import compare_arms, seed_means
from sweeps.report.comparison.blocks import block_differences, block_means, describe_estimand, paired_test, shared_seeds
from sweeps.report.comparison.compare import compare_all_pairs, decide_all_pairs, left_out
from sweeps.report.comparison.expected_best import budget_curve
from sweeps.report.comparison.results import ArmResult, PairResult
from sweeps.report.comparison.rule import Decision, Rule, decide_pairs, weigh_breakdowns
from sweeps.report.comparison.variance import VarianceSplit, seeds_needed, variance_split
from sweeps.report.comparison.verdict import (
    Clause,
    clauses_of,
    format_breakdowns,
    format_progress,
    format_word_chances,
    headline,
    is_over,
    pair_sentence,
)

__all__ = [
    "ArmResult",
    "Clause",
    "Decision",
    "PairResult",
    "Rule",
    "VarianceSplit",
    "block_differences",
    "block_means",
    "budget_curve",
    "clauses_of",
    "compare_all_pairs",
    "compare_arms",
    "decide_all_pairs",
    "decide_pairs",
    "describe_estimand",
    "format_breakdowns",
    "format_progress",
    "format_word_chances",
    "headline",
    "is_over",
    "left_out",
    "pair_sentence",
    "paired_test",
    "seed_means",
    "seeds_needed",
    "shared_seeds",
    "variance_split",
    "weigh_breakdowns",
]
