"""A split made of the train split: which sequences, said how, found again how."""

import pytest
from pydantic import ValidationError

from cvae.data.sources.recorded.made_split import MadeSplit, divide


def rule(share: float, seed: int = 0) -> MadeSplit:
    return MadeSplit.model_validate({"from": "train", "share": share, "seed": seed})


def test_every_sequence_is_in_one_split() -> None:
    parts = divide(100, {"validate": rule(0.1), "test": rule(0.2)})
    assert {split: len(part) for split, part in parts.items()} == {"train": 70, "validate": 10, "test": 20}
    assert sorted(position for part in parts.values() for position in part) == list(range(100))


def test_the_rule_is_the_one_that_is_stated() -> None:
    # Written down so that no release divides a data set otherwise: the lowest blake2b digests of `validate SEED I`.
    assert divide(20, {"validate": rule(0.15)})["validate"] == [2, 3, 10]
    assert divide(20, {"validate": rule(0.15, seed=1)})["validate"] != [2, 3, 10]


def test_a_share_that_rounds_to_nothing_is_one_sequence() -> None:
    assert len(divide(10, {"validate": rule(0.001)})["validate"]) == 1


@pytest.mark.parametrize(
    "values", [{"share": 0.1}, {"from": "test", "share": 0.1}, {"from": "train", "share": 1.0}, {"from": "train"}]
)
def test_a_rule_is_checked(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MadeSplit.model_validate(values)
