"""wandb runs into run folders, by the names of `sweeps.tracking.wandb_schema`."""

from sweeps.wandb_import.importer import import_runs
from sweeps.wandb_import.mapping import KeyMapping

__all__ = ["KeyMapping", "import_runs"]
