"""Sweeps as a library: run an experiment, read what came out. What `sweeps` offers by name lives here."""

from sweeps.api.read_analysis import ReadAnalysis, analyse
from sweeps.api.run_call import run

__all__ = ["ReadAnalysis", "analyse", "run"]
