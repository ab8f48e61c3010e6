"""What runs cost, how long what is left takes, and which totals fit a budget. No optuna."""

from sweeps.estimate.costs import find_costs, print_estimate
from sweeps.estimate.time_left import TimeLeft, estimate_time_left
from sweeps.estimate.trim import describe_cut, trim

__all__ = ["TimeLeft", "describe_cut", "estimate_time_left", "find_costs", "print_estimate", "trim"]
