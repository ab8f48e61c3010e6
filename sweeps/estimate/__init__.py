"""What runs cost, how long what is left takes, and which totals fit a budget. No optuna."""

from sweeps.estimate.costs import find_costs, forecast, print_estimate
from sweeps.estimate.trim import describe_cut, trim

__all__ = ["describe_cut", "find_costs", "forecast", "print_estimate", "trim"]
