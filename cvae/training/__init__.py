"""The loop, what feeds it, what weighs its loss and what reads it. Nothing here writes a file."""

from cvae.training.trainer import EpochResult, Trainer

__all__ = ["EpochResult", "Trainer"]
