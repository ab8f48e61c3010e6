"""A folder in, a verdict and a page out. Nothing of a sweep is needed but its files on disk; no torch, no optuna."""

from sweeps.report.analysis import analyse, analyse_across

__all__ = ["analyse", "analyse_across"]
