"""What the sweep's commands and its coordinator take for thousands of runs."""

from benchmarks.at_size.commands import rows

__all__ = ["rows"]
