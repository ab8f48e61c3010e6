"""A hash stands for what is trained, and for nothing of where."""

from typing import Any

import pytest

from cvae.config.overrides import at_path, merge
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.consistency.hashes import config_hash, declared_hash
from tests.sweeps.stepping_sweep import TOY

CONFIG = build_experiment(TOY, "t").config("a", {"optim.lr": 0.01}, 0, "validate").model_dump(mode="json")


@pytest.mark.parametrize(
    ("key", "value", "is_same"),
    [
        ("store", "/elsewhere", True),
        ("data.root", "/elsewhere", True),
        ("evaluation.lpips", "/elsewhere/lpips.pt", True),
        ("runtime.threads", 7, True),
        ("optim.lr", 0.02, False),
        ("train.steps", 5, False),
        ("seed", 1, False),
        ("runtime.precision", "bf16", False),
        ("a.new.key", None, False),
    ],
)
def test_what_moves_the_hash_of_a_configuration(key: str, value: Any, is_same: bool) -> None:
    moved = merge(CONFIG, at_path(key, value))
    assert moved != CONFIG
    assert (config_hash(moved) == config_hash(CONFIG)) == is_same


def test_order_is_no_difference() -> None:
    assert config_hash(dict(reversed(CONFIG.items()))) == config_hash(CONFIG)


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({"question": "Why?"}, True),
        ({"confirm": {"seeds": 9}}, True),
        ({"seed": 4}, False),
        ({"arms": {"b": {}}}, False),
    ],
)
def test_what_moves_the_hash_of_an_experiment(change: dict[str, Any], is_same: bool) -> None:
    plain, moved = build_experiment(TOY, "t"), build_experiment(TOY | change, "t")
    assert (declared_hash(plain) == declared_hash(moved)) == is_same
