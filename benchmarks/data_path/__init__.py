"""Whether a training waits for its batches where the packed store does not fit the memory."""

from benchmarks.data_path.comparison import rows

__all__ = ["rows"]
