"""The configurations that a YAML file speaks of, before any run: a run's own, or those of an experiment's arms."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvae.config.overrides import merge
from cvae.config.presets import over_preset
from cvae.config.schema import Config, build_config
from cvae.config.yaml_file import load_yaml_mapping
from cvae.errors import InputError


def read_configs(path: Path) -> dict[str, Config]:
    """Return a configuration by the name of the arm that has it, as its runs begin: what is searched is at its default.

    A file without `arms` is a run's own, under the empty name.

    Raises:
        InputError: the file cannot be read, or makes no valid configuration.
    """
    values = load_yaml_mapping(path)
    if "arms" not in values:
        return {"": build_config(over_preset(str(path), values), str(path))}
    base = over_preset(f"{path}, base", _mapping(values.get("base"), f"{path}: base"))
    split = _mapping(values.get("confirm"), f"{path}: confirm").get("split", "test")
    base = merge(base, {"evaluation": {"final_split": split}})
    arms = _mapping(values["arms"], f"{path}: arms")
    if not arms:
        raise InputError(f"{path}: arms is empty; expected one or more")
    return {name: _arm_config(base, arm, f"{path}, arm '{name}'") for name, arm in arms.items()}


def _arm_config(base: Mapping[str, Any], arm: Any, where: str) -> Config:
    overrides = {key: value for key, value in _mapping(arm, where).items() if key != "search"}
    return build_config(merge(base, overrides), where)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{where} is {value!r}; expected keys and values")
    return dict(value)
