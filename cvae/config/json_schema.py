"""The configuration as a JSON Schema, for editors: keys, meanings and allowed values while a file is written."""

from typing import Any

from cvae.config.presets import KEY, preset_names
from cvae.config.schema import Config


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration file: differences from the defaults, so no key is required."""
    schema = _as_differences(Config.model_json_schema())
    schema["properties"][KEY] = {"enum": preset_names(), "description": "base configuration that the rest is laid over"}
    return dict(schema) | {"title": "A run's configuration"}


def _as_differences(node: Any) -> Any:
    """Return a schema in which keys may be left out, and so more than one option of a union may fit."""
    if isinstance(node, list):
        return [_as_differences(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _as_differences(value) for key, value in node.items() if key not in ("required", "discriminator")}
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
    return kept
