"""The launchers by name. Another is a module with `make_launcher` and one line here; docs/extending.md says how."""

from importlib import import_module
from typing import Any

from sweeps.launchers.engine_file import EngineOptions
from sweeps.launchers.launcher import Launcher

#: Name of an engine -> module whose `make_launcher` takes what the user wrote about it.
LAUNCHERS = {
    "local": "sweeps.launchers.local",
    "slurm": "sweeps.launchers.slurm",
    "ray": "sweeps.launchers.ray",
}


def options_of(name: str) -> type[EngineOptions] | None:
    """Return what may be said of an engine in a file: its module's `OPTIONS`; None where there is nothing to say."""
    options: type[EngineOptions] | None = getattr(import_module(LAUNCHERS[name]), "OPTIONS", None)
    return options


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
