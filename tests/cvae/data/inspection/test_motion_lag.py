"""The lag between actions and motion: found where it was planted, and no motion where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from cvae.data.inspection.motion_lag import LAGS, MotionLag, Regression
from cvae.data.sources import Episode, PushingWorld

WORLD = PushingWorld(seed=3, n_train=12, n_validate=0, n_test=0, n_frames=30, n_objects=2)


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    return list(WORLD.episodes("train", 32))


def listening(episodes: list[Episode]) -> MotionLag:
    lag = MotionLag()
    for episode in episodes:
        lag.add(episode)
    return lag


def test_actions_of_the_world_act_at_once(episodes: list[Episode]) -> None:
    lag = listening(episodes)
    picture, position = lag.estimate()
    assert (picture.best, position.best) == (0, 0)
    assert position.at_zero > 0.8
    assert picture.at_zero > 0.2
    assert list(lag.warnings()) == []
    assert "at lag +0" in next(lag.lines())


@pytest.mark.parametrize("shift", [-2, 1, 3])
def test_a_planted_lag_is_found(shift: int, episodes: list[Episode]) -> None:
    # actions[t] of the world are given as those of t - shift, so that they act `shift` frames later.
    shifted = [replace(e, actions=np.roll(e.actions, -shift, axis=0)) for e in episodes]
    lag = listening(shifted)
    assert [of.best for of in lag.estimate()] == [shift, shift]
    word = "later" if shift > 0 else "earlier"
    assert any(f"moves {abs(shift)} frames {word} than from t to t + 1" in said for said in lag.warnings())


def test_without_positions_the_picture_tells(episodes: list[Episode]) -> None:
    shifted = [replace(e, actions=np.roll(e.actions, -2, axis=0), positions=None) for e in episodes]
    (picture,) = listening(shifted).estimate()
    assert picture.best == 2


def test_actions_of_another_recording_move_nothing(episodes: list[Episode]) -> None:
    random = np.random.default_rng(0)
    others = [replace(e, actions=random.normal(size=(30, 2)).astype(np.float32)) for e in episodes]
    lag = listening(others)
    assert [said.partition(":")[0] for said in lag.warnings()] == ["actions move nothing"]


def test_of_too_little_nothing_is_said(episodes: list[Episode]) -> None:
    lag = listening(episodes[:1])
    assert (list(lag.lines()), list(lag.warnings())) == ([], [])
    short = replace(episodes[0], frames=episodes[0].frames[:5], actions=episodes[0].actions[:5], positions=None)
    assert listening([short] * 50).estimate() == []


def test_the_regression_is_the_textbooks() -> None:
    # adjusted R squared from numpy's least squares; a constant feature and a constant target change nothing
    random = np.random.default_rng(1)
    x = random.normal(size=(400, 3)) * [1, 1e3, 1e-3] + [1e4, 0, 0]
    y = x @ [[0.3], [1e-4], [500.0]] + random.normal(size=(400, 1))
    fitted = np.column_stack([np.ones(400), x]) @ np.linalg.lstsq(np.column_stack([np.ones(400), x]), y, rcond=None)[0]
    r_squared = 1 - ((y - fitted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    regression = Regression()
    features, targets = np.column_stack([x, np.full(400, 7.0)]), np.column_stack([y, np.full(400, 2.0)])
    for part in range(0, 400, 50):
        regression.add(features[part : part + 50], targets[part : part + 50])
    explained = regression.explained(4)
    assert explained is not None
    np.testing.assert_allclose(explained, [1 - (1 - r_squared) * 399 / 396, 0], rtol=1e-6)
    assert LAGS == (-3, -2, -1, 0, 1, 2, 3)
