"""Differences laid over a configuration: sections merged, single values set by their dotted path."""

from collections.abc import Iterable, Mapping
from typing import Any

from cvae.config.yaml_file import parse_yaml
from cvae.errors import InputError

#: A section with one of these keys is one option of several; another option shares none of its values.
KIND_KEYS = ("mode", "source")


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with the differences `above` laid over it, section by section.

    A section whose `mode` or `source` differs replaces the one below it whole: a `ramp` left over from a cyclical
    schedule has no meaning under a constant one.
    """
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping) and not _is_another_kind(under, value):
            merged[key] = merge(under, value)
        else:
            merged[key] = dict(value) if isinstance(value, Mapping) else value
    return merged


def _is_another_kind(under: Mapping[str, Any], over: Mapping[str, Any]) -> bool:
    return any(kind in over and under.get(kind) != over[kind] for kind in KIND_KEYS)


def at_path(path: str, value: Any) -> dict[str, Any]:
    """Return the nested mapping that sets one dotted path: `optim.lr`, 0.1 -> {optim: {lr: 0.1}}."""
    nested: Any = value
    for key in reversed(path.split(".")):
        nested = {key: nested}
    return dict(nested)


def parse_settings(settings: Iterable[str], onto: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the differences that `--set PATH=VALUE` options ask for, in whatever order; a value is read as YAML.

    Each stands, in whatever order they are given: `data.root` stays where `data.source` comes after it.

    Args:
        settings: the options.
        onto: what they will be laid over; a name in it that has dots is found in a path.

    Raises:
        InputError: a setting has no `=`, no path, a value that is not YAML, or a path that is given twice.
    """
    given: dict[str, Any] = {}
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not all(path.split(".")):
            raise InputError(f"--set {setting}: expected PATH=VALUE, as in optim.lr=1e-3")
        value = parse_yaml(text, f"--set {setting}")
        if path in given:
            raise InputError(f"--set {path} is given twice, as {given[path]!r} and {value!r}: give it once")
        given[path] = value
    differences: dict[str, Any] = {}
    for path in sorted(given, key=lambda path: path.count(".")):  # a section, then what is set within it
        nested = given[path]
        for key in reversed(_keys_of(path, onto or {})):
            nested = {key: nested}
        differences = _joined(differences, nested)
    return differences


def _keys_of(path: str, onto: Any) -> list[str]:
    """Return the keys of a path; one that is there already may have dots."""
    keys, rest = [], path.split(".")
    while rest:
        starts = [".".join(rest[:n]) for n in range(len(rest), 0, -1)]
        key = next((start for start in starts if isinstance(onto, Mapping) and start in onto), rest[0])
        keys.append(key)
        rest = rest[key.count(".") + 1 :]
        onto = onto.get(key) if isinstance(onto, Mapping) else None
    return keys


def _joined(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, the second above the first; nothing of either is taken to belong to another kind."""
    joined = dict(first)
    for key, value in second.items():
        under = joined.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        joined[key] = _joined(under, value) if both else value  # type: ignore[arg-type]
    return joined
