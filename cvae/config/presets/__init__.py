"""Presets: base configurations by name, which a run's YAML or an experiment's `base` lays its differences over.

Each is a file beside this one and says where its values come from.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvae.config.overrides import merge
from cvae.config.yaml_file import load_yaml_mapping
from cvae.errors import InputError, nearest

KEY = "preset"

_FOLDER = Path(__file__).parent


def preset_names() -> list[str]:
    """Return the names that may be written."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_preset(name: object, where: str) -> dict[str, Any]:
    """Return a preset's differences from the default configuration.

    Raises:
        InputError: there is no preset of that name; says which there are.
    """
    names = preset_names()
    if name not in names:
        close = nearest(str(name), names)
        hint = f"did you mean '{close}'? " if close else ""
        raise InputError(f"{where}: there is no preset {name!r}; {hint}known: {', '.join(names)}")
    return load_yaml_mapping(_FOLDER / f"{name}.yaml")


def over_preset(where: str, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the layers, lowest first, laid over the preset that the topmost of them names, if one does.

    Raises:
        InputError: the preset named does not exist.
    """
    named = [layer[KEY] for layer in layers if KEY in layer]
    values = load_preset(named[-1], where) if named else {}
    for layer in layers:
        values = merge(values, {key: value for key, value in layer.items() if key != KEY})
    return values


__all__ = ["KEY", "load_preset", "over_preset", "preset_names"]
