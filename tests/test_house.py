"""The floor plan: which folder may import which, what a folder may hold, and that one name means one thing."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [path for package in ("cvae", "sweeps") for path in sorted((ROOT / package).rglob("*.py"))]
FOLDERS = sorted({path.parent for path in FILES})


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """Every import of a file, those inside functions too: module, and the name taken from it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)


def targets(path: Path) -> Iterator[Path]:
    """The files of this project that a file imports."""
    for module, name in imports(path):
        found = MODULES.get(f"{module}.{name}") or MODULES.get(module)
        if found is not None and found != path:
            yield found


@cache
def ladders() -> dict[str, dict[str, set[str]]]:
    """Folder -> entry -> entries that it imports, each import credited to the lowest folder that holds both ends."""
    graphs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in FILES:
        for target in targets(path):
            a, b = path.relative_to(ROOT).parts, target.relative_to(ROOT).parts
            n = next(i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
            if "__init__.py" not in (a[n], b[n]):
                graphs["/".join(a[:n])][a[n]].add(b[n])
    return graphs


def test_the_ladders_have_rungs() -> None:
    assert len(FILES) > 150
    assert sum(len(entries) for entries in ladders().values()) > 100


@pytest.mark.parametrize("folder", sorted(ladders()))
def test_no_folder_has_a_circle(folder: str) -> None:
    list(TopologicalSorter(ladders()[folder]).static_order())  # raises CycleError, naming the circle
