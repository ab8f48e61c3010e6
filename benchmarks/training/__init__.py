"""A training step at the lab's size against *SVG's order* and *the lab's order*: width 1, 64x64, 12 clips of 2 + 10.

All train from the same weights on the same batches, with the same noise; the losses are compared as they go. Each has a
process of its own, as it would be run: the trainer's as a run sets it up, the baselines' as PyTorch starts.
"""

from benchmarks.training.ways import cuda_rows, rows

__all__ = ["cuda_rows", "rows"]
