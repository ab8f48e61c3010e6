"""YAML as people write it, read and written by one set of rules: what is written is read back the same.

`1e-4` is a number and a date is text; a key is text and stands once; nothing refers to itself.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from cvae.errors import InputError

#: What a scalar without quotes may be, by its tag.
_SCALARS = {"null": "null", "bool": "true or false", "int": "a whole number", "float": "a number", "str": "text"}

_TAG = "tag:yaml.org,2002:"

_ALLOWED_TAGS = {f"{_TAG}{name}" for name in (*_SCALARS, "merge", "seq", "map")}

#: PyYAML follows YAML 1.1, where `1e-4` (no dot) is a string: a learning rate must not become text.
_FLOAT_WITHOUT_DOT = (
    f"{_TAG}float",
    re.compile(r"^[-+]?([0-9][0-9_]*\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
)

#: Values in a file, each alias counted with all that it stands for.
MAX_VALUES = 100_000


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Return first character -> (tag, pattern): PyYAML's, without dates and `=`, with `1e-4`."""
    resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag in _ALLOWED_TAGS]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for first in "-+.0123456789":
        resolvers.setdefault(first, []).append(_FLOAT_WITHOUT_DOT)
    return resolvers


def _fault(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _shown(node: yaml.ScalarNode) -> str:
    return node.value if len(node.value) <= 40 else f"{node.value[:40]}..."


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses what PyYAML overwrites in silence or stumbles over."""

    yaml_implicit_resolvers = _resolvers()

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        node = super().compose_node(parent, index)
        if node is not None and node.tag not in _ALLOWED_TAGS:
            raise _fault(f"the tag {node.tag.replace(_TAG, '!!')} is not read here", node)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Here and not when it is constructed: by then merged keys (`<<`) stand among its own, which may override them.
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if key.tag == f"{_TAG}merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise _fault("a key must be text, not a list or mapping; braces in a value need quotes", key)
            if (kind := key.tag.removeprefix(_TAG)) != "str":
                raise _fault(f"the key {_shown(key)} reads as {_SCALARS[kind]}; as a name it needs quotes", key)
            if key.value in seen:
                raise _fault(f"the key '{key.value}' is given twice", key)
            seen.add(key.value)
        return node


_Loader.yaml_constructors = dict(yaml.SafeLoader.yaml_constructors)


def _told(kind: str, construct: Callable[[Any, Any], Any]) -> Callable[[_Loader, yaml.ScalarNode], Any]:
    """Return a constructor that says what a scalar should have been: PyYAML's raise whatever Python does."""

    def constructed(loader: _Loader, node: yaml.ScalarNode) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, KeyError, IndexError) as error:
            raise _fault(f"{_shown(node)} cannot be read as {_SCALARS[kind]}", node) from error

    return constructed


for _kind in ("bool", "int", "float"):
    _Loader.add_constructor(f"{_TAG}{_kind}", _told(_kind, yaml.SafeLoader.yaml_constructors[f"{_TAG}{_kind}"]))


class _Dumper(yaml.SafeDumper):
    """The safe dumper, which puts into quotes what the loader would not read as text."""

    yaml_implicit_resolvers = _resolvers()

    def analyze_scalar(self, scalar: str) -> yaml.emitter.ScalarAnalysis:
        analysis = super().analyze_scalar(scalar)
        if any(separator in scalar for separator in "\x85\u2028\u2029"):  # which only escapes keep as they are
            analysis.allow_flow_plain = analysis.allow_block_plain = False
            analysis.allow_single_quoted = analysis.allow_block = False
        return analysis

    def ignore_aliases(self, data: Any) -> bool:
        return True  # what stands twice is written twice: people read these files


def parse_yaml(text: str, where: str) -> Any:
    """Return the value of a YAML text; `where` names it in errors.

    Raises:
        InputError: the text is not YAML, gives a key twice or one that is not text, refers to itself or is too large.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        if _n_values(node, {}) > MAX_VALUES:
            raise InputError(f"{where}: its aliases stand for more than {MAX_VALUES} values")
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{where}{position}: {error.problem or 'not valid YAML'}") from error
    except yaml.reader.ReaderError as error:
        raise InputError(f"{where}: a character is not allowed in YAML: U+{_code_of(error.character):04X}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not valid YAML ({error})") from error
    except RecursionError as error:
        raise InputError(f"{where}: is nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()


def _code_of(character: Any) -> int:
    return character if isinstance(character, int) else ord(character)


def _n_values(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return how many values a node stands for; each node is looked at once, however often it is referred to.

    Raises:
        MarkedYAMLError: it holds itself.
    """
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) in known:
        if (n := known[id(node)]) is None:
            raise _fault("an alias refers to what it stands in", node)
        return n
    known[id(node)] = None
    parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    total = 1 + sum(_n_values(part, known) for part in parts)
    known[id(node)] = total
    return total


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
    """Return YAML text with the keys in their given order, which `parse_yaml` reads back to the same value."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
