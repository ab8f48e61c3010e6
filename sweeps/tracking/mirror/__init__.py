"""Run folders written into wandb as offline runs; imports wandb, so that only a mirror's own process comes here."""

from sweeps.tracking.mirror.experiment_mirror import Mirror, follow
from sweeps.tracking.mirror.run_mirror import PROJECT

__all__ = ["PROJECT", "Mirror", "follow"]
