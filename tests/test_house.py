"""The floor plan: which folder may import which, what a folder may hold, and that one name means one thing."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [path for package in ("cvae", "sweeps") for path in sorted((ROOT / package).rglob("*.py"))]
FOLDERS = sorted({path.parent for path in FILES})
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))


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
            is_command = a[-1] == "__main__.py" and n < len(a) - 1  # nobody imports it: it stands above its folder
            if "__init__.py" not in (a[n], b[n]) and not is_command:
                graphs["/".join(a[:n])][a[n]].add(b[n])
    return graphs


def test_the_ladders_have_rungs() -> None:
    assert len(FILES) > 150
    assert sum(len(entries) for entries in ladders().values()) > 100


@pytest.mark.parametrize("folder", sorted(ladders()))
def test_no_folder_has_a_circle(folder: str) -> None:
    list(TopologicalSorter(ladders()[folder]).static_order())  # raises CycleError, naming the circle


#: Left never imports right, where direction is meant and not only freedom from circles.
ORDER = {
    "cvae": """
        console, errors, places, processes, provenance, extensions < sections < cli, files, schedules
        < random_streams, data, record < config < device, new_run < model < evaluation < training, visualization < run
        < api, train, evaluate < predict""",
    "cvae/data": """
        pushing < sources < store, redrawn_futures < collapse_threshold < inspection, contact_sheet, lab_layout
        < hidden_report < __main__""",
    "sweeps": """
        units, child_environment, search_space, decision < experiment, launchers < experiment_folder, workers, tracking
        < study, estimate, imported_experiment, report < wandb_import, csv_import < coordinator
        < commands, browse, dashboard, worker, fork_server, compare_verdicts < api, doors, check_cluster""",
    "sweeps/report": """
        reading, statistics < wording < comparison < secondary < checks < analysis < steadiness < figures, rows
        < output < all_verdicts, run_pages""",
}


@pytest.mark.parametrize("folder", ORDER)
def test_left_never_imports_right(folder: str) -> None:
    steps = [step.replace(",", " ").split() for step in ORDER[folder].split("<")]
    height = {name: i for i, names in enumerate(steps) for name in names}
    entries = {
        path.stem for path in (ROOT / folder).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(height) == entries - {"__init__"}  # every entry has its height, and no height is of nothing
    wrong = [
        f"{entry} imports {target}"
        for entry, imported in ladders()[folder].items()
        for target in imported
        if height[Path(target).stem] > height[Path(entry).stem]
    ]
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in FILES if "cvae" in path.parts], ids=module_of)
def test_the_trainer_knows_nothing_of_studies(path: Path) -> None:
    assert not {module.partition(".")[0] for module, _ in imports(path)} & {"sweeps", "optuna", "wandb"}


def test_wandb_is_spoken_to_in_two_folders_and_optuna_in_three_places() -> None:
    users = {"wandb": set(), "optuna": set()}  # type: dict[str, set[str]]
    for path in FILES:
        for module, _ in imports(path):
            if (library := module.partition(".")[0]) in users:
                users[library].add("/".join(path.relative_to(ROOT).parts[:2]))
    assert users == {
        "wandb": {"sweeps/tracking", "sweeps/wandb_import"},
        "optuna": {"sweeps/study", "sweeps/dashboard.py"},
    }


@pytest.mark.parametrize(
    "folder", [*FOLDERS, *sorted({path.parent for path in BENCHMARKS})], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_folder_is_read_and_not_searched(folder: Path) -> None:
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    assert len(modules) <= 10
    assert not {"utils", "util", "common", "helpers", "base", "misc"} & {*modules, folder.name}


@pytest.mark.parametrize("path", [*FILES, *BENCHMARKS], ids=module_of)
def test_everything_fits_on_a_few_screens(path: Path) -> None:
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= 200
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= (150 if isinstance(node, ast.ClassDef) else 60), node.name


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_text_file_has_the_same_encoding_everywhere(path: Path) -> None:
    # what one machine's locale writes, another's would not read back
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, mode = node.func.attr, node.args[0] if node.args else ast.Constant("r")
            is_mode = isinstance(mode, ast.Constant) and "b" not in str(mode.value)  # else it is another `open`
            if name in ("read_text", "write_text") or (name == "open" and is_mode):
                assert "encoding" in {keyword.arg for keyword in node.keywords}, node.lineno


def exports(package: str) -> list[str]:
    """What a package's contents page says is public."""
    for node in tree_of(MODULES[package]).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return list(ast.literal_eval(node.value))
    return []


PACKAGES = [module for module, path in MODULES.items() if path.name == "__init__.py"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_contents_page_says_what_may_live_there(package: str) -> None:
    tree = tree_of(MODULES[package])
    assert len(ast.get_docstring(tree) or "") > 40
    bound = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert bound <= set(exports(package)) | {"Annotated", "Field", "Path", "Any", "Mapping"} | set(bound_by(tree))


def bound_by(tree: ast.Module) -> Iterator[str]:
    """Names from elsewhere that a contents page uses itself."""
    yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


#: What these export is for programs outside (docs/api.md); within the tree, each part of them is imported by itself.
LIBRARIES = ("cvae", "sweeps")


@pytest.mark.parametrize("package", LIBRARIES)
def test_a_librarys_names_are_for_programs_outside(package: str) -> None:
    assert 0 < len(exports(package)) <= 5
    public = {(package, name) for name in exports(package)}
    assert [path for path in FILES if public & set(imports(path))] == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_from_another_package_take_what_it_exports(path: Path) -> None:
    me, wrong = module_of(path), []
    for module, name in imports(path):
        target = MODULES.get(module)
        if target is None or name is None:
            continue
        package = module if target.name == "__init__.py" else module.rpartition(".")[0]
        is_inside = me == package or me.startswith(f"{package}.")
        if is_inside or f"{module}.{name}" in MODULES or not exports(package) or package in LIBRARIES:
            wrong += [f"{module}.{name}"] if name.startswith("_") and not is_inside else []
        elif module != package or name not in exports(package):
            wrong.append(f"{module}.{name}")
    assert wrong == []


def public_definitions() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for module, path in MODULES.items():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                found[node.name].append(module)
    return found


def test_one_name_is_one_thing() -> None:
    stems: dict[str, list[str]] = defaultdict(list)
    for module, path in MODULES.items():
        if path.name not in ("__init__.py", "__main__.py"):
            stems[path.stem].append(module)
    assert {stem: modules for stem, modules in stems.items() if len(modules) > 1} == {}
    several = {name: modules for name, modules in public_definitions().items() if len(modules) > 1}
    assert set(several) <= {"make_launcher"}  # the door of each launcher, by which the registry opens it


#: Words that were poems: the field's term for each is in use.
NOT_OURS = """
    chronicle tally endings waiting words cells feed regulariser portrait_drawing disturbances guards
    guard soundness dimension alternatives givenpoint nuisance plane heat tuned fragment holding
    presentation place placed palette showing planning failures batches forecast
"""


def test_the_fields_words_are_used() -> None:
    names = {path.stem.lower() for path in FILES} | {name.lower() for name in public_definitions()}
    assert names & set(NOT_OURS.split()) == set()


def test_the_glossary_says_each_word_once() -> None:
    page = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page[page.index("## Words") :].splitlines() if line.startswith("| *")]
    words = [word for row in rows for word in re.findall(r"\*([^*]+)\*", row)]
    assert len(words) > 25
    assert len(set(words)) == len(words)
    assert not {word.replace(" ", "") for word in words} & set(NOT_OURS.split())


#: Tests that hold a law of more than one module, where they lie.
LAWS = """
    cvae/config/presets/course_report  cvae/config/presets/presets  cvae/data/real_samples
    cvae/model/batch_statistics  cvae/model/priors
    cvae/model/published_procedure  cvae/training/bf16_in_training  cvae/training/kl_control_in_training
    cvae/training/ready_for_cuda
    sweeps/commands/one_damaged_file  sweeps/commands/read_only_trees  sweeps/coordinator/chaos
    sweeps/coordinator/engines  sweeps/coordinator/killed_for_real  sweeps/coordinator/moved_folders
    sweeps/report/golden  sweeps/report/comparison/planted_cases
"""


def test_tests_mirror_the_tree() -> None:
    ours = {str(folder.relative_to(ROOT)) for folder in FOLDERS}
    tests = [path.relative_to(ROOT / "tests") for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    tested = {str(path.parent) for path in tests} - {".", "benchmarks", "engines"}
    assert tested == ours
    named = {f"{path.parent}/{path.stem.removeprefix('test_')}" for path in tests if str(path.parent) in ours}
    assert {test for test in named if not (ROOT / f"{test}.py").exists()} == set(LAWS.split())
