"""A folder in, a verdict and a page out. Nothing of a sweep is needed but its files on disk; no torch, no optuna."""

from sweeps.report.analysis import Analysis, analyse, analyse_across, conclude_from

__all__ = ["Analysis", "analyse", "analyse_across", "conclude_from"]
