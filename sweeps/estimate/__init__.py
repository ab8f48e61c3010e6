"""What runs cost, how long what is left takes, and which totals fit a budget. No optuna."""

from sweeps.estimate.costs import print_estimate
from sweeps.estimate.placement import Placement
from sweeps.estimate.time_left import TimeLeft, estimate_time_left
from sweeps.estimate.trim import cut_to_budget, print_cut

__all__ = ["Placement", "TimeLeft", "cut_to_budget", "estimate_time_left", "print_cut", "print_estimate"]
