"""What of a configuration says where something lies: it is that of the launch, and no part of what is trained."""

from typing import Any

from cvae.config import Config, at_path, dump_yaml, load_yaml_mapping, merge
from cvae.files import write_atomically
from cvae.record import RunFolder

#: Keys of a configuration that say where something lies on a machine. What lies there is checked by its content.
LOCATIONS = ("store", "data.root", "evaluation.lpips", "evaluation.fvd")


def is_location(path: str) -> bool:
    """Return whether a dotted key says where something lies: it may differ wherever a sweep goes on."""
    return any(path == key or path.endswith(f".{key}") for key in LOCATIONS)


def relocate(folder: RunFolder, here: Config) -> bool:
    """Let a run that goes on find its data where they lie now; return whether that is elsewhere than before.

    Args:
        folder: of a run that exists.
        here: a configuration of its arm as `pin_to_machine` makes it now.

    Raises:
        InputError: the run's configuration cannot be read or written.
    """
    before = load_yaml_mapping(folder.config)
    values = merge(before, _locations_of(here))
    if values == before:
        return False
    write_atomically(folder.config, dump_yaml(values).encode())
    return True


def _locations_of(config: Config) -> dict[str, Any]:
    """Return the keys of a configuration that say where something lies, as a configuration."""
    found: dict[str, Any] = {}
    values = config.model_dump(mode="json")
    for path in LOCATIONS:
        value: Any = values
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            found = merge(found, at_path(path, value))
    return found
