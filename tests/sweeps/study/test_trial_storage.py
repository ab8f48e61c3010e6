"""What is asked of Optuna beneath its public interface is asked in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import TrialState, create_trial

from sweeps.search_space.distributions import parse_dimension
from sweeps.study.trial_storage import TrialStorage

ROOT = Path(__file__).parents[3]
FILES = [ROOT / "run_sweep.py", *sorted((ROOT / "sweeps").rglob("*.py"))]
BELOW = ROOT / "sweeps" / "study" / "trial_storage.py"
STORAGE = {name for name in dir(BaseStorage) if not name.startswith("_")} - set(dir(optuna.Study))


def below_the_surface(path: Path) -> Iterator[str]:
    """Every storage operation, and in what imports Optuna every private name of something that is not the code's own.

    `_replace` of a named tuple is as public as the rest of it.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    modules |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    uses_optuna = any(module.split(".")[0].startswith("optuna") for module in modules)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            is_private = node.attr.startswith("_") and not node.attr.startswith("__") and node.attr != "_replace"
            if node.attr in STORAGE or (uses_optuna and is_private and not is_own):
                yield f"{path.relative_to(ROOT)}:{node.lineno} .{node.attr}"


def test_one_module_goes_below_optunas_public_interface() -> None:
    assert len({line.partition(" ")[2] for line in below_the_surface(BELOW)}) > 5  # the look finds something
    assert [line for path in FILES if path != BELOW for line in below_the_surface(path)] == []


@pytest.fixture
def trials() -> TrialStorage:
    """Two trials: one that has ended at x = 0.25, and one that runs."""
    storage = InMemoryStorage()
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=3))
    known = {"x": FloatDistribution(0, 1)}
    study.add_trial(create_trial(params={"x": 0.25}, distributions=known, value=1.0))
    study.add_trial(create_trial(state=TrialState.RUNNING))
    return TrialStorage(study, storage)


SPACE = {"x": parse_dimension({"float": [0, 1]}), "c": parse_dimension({"choice": ["a", "b"]})}
DISTRIBUTIONS = {"x": FloatDistribution(0, 1), "c": CategoricalDistribution(["a", "b"])}


def test_a_proposal_leaves_nothing_behind(trials: TrialStorage) -> None:
    proposed = trials.propose(1, SPACE)
    assert set(proposed) == {"x", "c"}
    assert trials.read(1).params == {}
    trials.add_params(1, proposed, DISTRIBUTIONS)
    assert trials.read(1).params == proposed
    assert trials.propose(1, SPACE) == proposed  # what is stored is kept


def test_what_is_stored_stays_and_what_lacks_is_added(trials: TrialStorage) -> None:
    trials.add_params(1, {"c": "b"}, DISTRIBUTIONS)
    trials.add_params(1, {"x": 0.5, "c": "a"}, DISTRIBUTIONS)
    trials.add_values(1, {10: 1.0})
    trials.add_values(1, {20: 2.0, 10: 3.0})
    assert (trials.read(1).params, trials.read(1).intermediate_values) == ({"c": "b", "x": 0.5}, {10: 1.0, 20: 2.0})


def test_a_proposal_beside_the_space_is_not_taken(trials: TrialStorage) -> None:
    # a model fitted to other bounds proposes 7 for x: the sampler is asked for x by itself
    class Stray(optuna.samplers.RandomSampler):
        def infer_relative_search_space(self, study: object, trial: object) -> dict[str, FloatDistribution]:
            return {"x": FloatDistribution(0, 9)}

        def sample_relative(self, study: object, trial: object, search_space: object) -> dict[str, float]:
            return {"x": 7.0}

    trials._study.sampler = Stray(seed=1)
    assert 0 <= float(trials.propose(1, SPACE)["x"]) <= 1
