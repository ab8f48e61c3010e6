"""YAML as people write it: `1e-4` is a number, a key given twice is an error."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from cvae.errors import InputError


class _Loader(yaml.SafeLoader):
    """The safe loader, with YAML 1.2's floats and without silently overwritten keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key '{key}' is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


# PyYAML follows YAML 1.1, where `1e-4` (no dot) is a string: a learning rate must not become text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d[\d_]*\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def parse_yaml(text: str, where: str) -> Any:
    """Return the value of a YAML text; `where` names it in errors.

    Raises:
        InputError: the text is not YAML, or gives a key twice.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{where}{position}: {error.problem or 'not valid YAML'}") from error
    except RecursionError as error:
        raise InputError(f"{where}: not valid YAML (nested too deeply)") from error
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not valid YAML ({error})") from error


def load_yaml_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        InputError: the file cannot be read, is not YAML or holds no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason})") from error
    value = parse_yaml(text, str(path))
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a mapping of keys to values, found {type(value).__name__}")
    return value


def dump_yaml(value: Any) -> str:
    """Return YAML text with the keys in their given order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
