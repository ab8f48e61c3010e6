"""The scale of the conditions, as a model is given them."""

import numpy as np

from cvae.data.inspection.condition_scale import ConditionScale


def scale(**splits: np.ndarray) -> ConditionScale:
    found = ConditionScale()
    for split, values in splits.items():
        found.add(split, values[:, :2], values)
    return found


def normal(seed: int = 0, n: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)


def test_sound_columns_are_silent() -> None:
    found = scale(train=normal(), test=normal(1))
    assert list(found.warnings()) == []
    train, test = found.tables()
    assert [str(cell) for cell in train.columns[0].cells] == ["action 0", "action 1", "position 0"]
    farthest = float(next(iter(test.columns[-1].cells)))  # type: ignore[arg-type]
    values = normal()
    assert farthest == float(f"{np.abs(normal(1)[:, 0] - values[:, 0].mean()).max() / values[:, 0].std():.4g}")


def test_a_constant_column_is_said() -> None:
    values = normal()
    values[:, 1] = 3
    assert list(scale(train=values).warnings()) == [
        "action 1: the same number in every frame, which tells a model nothing"
    ]


def test_a_column_of_another_scale_is_said_with_its_split() -> None:
    test = normal(1)
    test[7, 2] = 60
    (said,) = scale(train=normal(), test=test).warnings()
    assert said.startswith("test: position 0 (")


def test_nothing_is_said_of_nothing() -> None:
    assert list(ConditionScale().warnings()) == []
