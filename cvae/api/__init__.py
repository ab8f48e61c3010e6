"""The trainer as a library: train a run, load one, predict with it. What `cvae` offers by name lives here."""

from cvae.api.loaded_run import LoadedRun, load_run
from cvae.api.training_call import train

__all__ = ["LoadedRun", "load_run", "train"]
