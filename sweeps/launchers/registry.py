"""The launchers by name. Another is a module with `make_launcher` and one line here; docs/extending.md says how."""

from importlib import import_module
from typing import Any

from sweeps.launchers.launcher import Launcher

#: Name of an engine -> module whose `make_launcher` takes what the user wrote about it.
LAUNCHERS = {
    "local": "sweeps.launchers.local",
    "slurm": "sweeps.launchers.slurm",
    "ray": "sweeps.launchers.ray",
}


def open_launcher(name: str, settings: Any = None) -> Launcher:
    """Return a launcher by its name; only its own module is imported.

    Args:
        name: key of `LAUNCHERS`.
        settings: what the launcher's `make_launcher` takes.

    Raises:
        InputError: the settings cannot be used.
    """
    launcher: Launcher = import_module(LAUNCHERS[name]).make_launcher(settings)
    return launcher
