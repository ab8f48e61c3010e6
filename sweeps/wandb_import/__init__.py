"""wandb runs into run folders: mirrored ones by `sweeps.tracking.wandb_schema`, others by a mapping of their keys."""

from sweeps.wandb_import.importer import import_runs
from sweeps.wandb_import.mapping import KeyMapping

__all__ = ["KeyMapping", "import_runs"]
