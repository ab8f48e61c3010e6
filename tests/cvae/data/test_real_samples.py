"""Real frames, where they are at hand: one BAIR sequence, and episodes of a simulated Sawyer arm."""

from pathlib import Path

import numpy as np
import pytest

from cvae.data.inspection import LaunchNeeds, detect, inspect
from cvae.data.sources.bair import Bair
from cvae.data.sources.npz import NpzEpisodes
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.store import open_store
from cvae.errors import InputError

SAMPLES = Path(__file__).parents[3].parent / "shared" / "data"
BAIR, SAWYER = SAMPLES / "bair_sample", SAMPLES / "robot_episodes"

needs_bair = pytest.mark.skipif(not BAIR.is_dir(), reason=f"{BAIR} is not there")
needs_sawyer = pytest.mark.skipif(not SAWYER.is_dir(), reason=f"{SAWYER} is not there")


@needs_bair
def test_a_real_bair_sequence(tmp_path: Path) -> None:
    # Facts measured on the original: ranges, actions that are held and drive the arm, copy-last-frame 24.04 dB.
    store = open_store(Bair(root=BAIR), 64, tmp_path)
    assert (store.splits, store.statistics) == (("test",), None)
    identity = ConditionStatistics((0.0,) * 7, (1.0,) * 7)
    clips = store.clips("test", 12, use_positions=True, statistics=identity)
    assert clips.names == ["175@0"]
    episode = next(Bair(root=BAIR).episodes("test", 64))
    assert episode.positions is not None
    np.testing.assert_array_equal(episode.actions[0::2], episode.actions[1::2])
    moved = np.diff(episode.positions[:, :2], axis=0)
    correlations = [np.corrcoef(episode.actions[:-1, axis], moved[:, axis])[0, 1] for axis in range(2)]
    assert [round(float(correlation), 2) for correlation in correlations] == [0.94, 0.89]
    frames = clips[0].frames / 255.0
    errors = ((frames[2:] - frames[1]) ** 2).mean(axis=(1, 2))  # (10, C)
    assert -10 * np.log10(errors).mean() == pytest.approx(24.04, abs=0.005)


@needs_bair
def test_a_real_sequence_has_no_train_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no train split"):
        open_store(Bair(root=BAIR), 64, tmp_path).clips("train", 12, use_positions=True)


@needs_sawyer
def test_real_episodes_without_positions(tmp_path: Path) -> None:
    store = open_store(NpzEpisodes(root=SAWYER), 32, tmp_path)
    assert [store.n_episodes(split) for split in ("train", "validate", "test")] == [18, 6, 6]
    assert (store.n_actions, store.n_positions) == (4, 0)
    clips = store.clips("train", 12, use_positions=False)
    assert len(clips) == 18 * 9
    assert clips[0].frames.shape == (12, 32, 32, 3)
    with pytest.raises(InputError, match="use_positions: false"):
        store.clips("train", 12, use_positions=True)


@pytest.mark.parametrize("root", [pytest.param(BAIR, marks=needs_bair), pytest.param(SAWYER, marks=needs_sawyer)])
def test_real_data_has_no_problems(root: Path) -> None:
    report = inspect(detect(str(root)), LaunchNeeds({"train": 12, "validate": 12}))
    absent = [split for split in ("train", "validate") if not (root / split).is_dir()]
    assert report.side == 64
    assert len(report.problems) == len(absent)
    assert all(f"there is no {split} split" in said for split, said in zip(absent, report.problems, strict=True))


@needs_bair
def test_the_collapse_threshold_of_a_real_sequence() -> None:
    # Known to be at most 1.0e-3 (1.05e-3 with the mean left in; taking it off costs one of 29 degrees of freedom).
    threshold = inspect(detect(str(BAIR)), LaunchNeeds({"test": 12})).threshold
    assert threshold is not None
    assert threshold.beta_c == pytest.approx(1.0e-3, rel=0.1)
    assert (threshold.n_residuals, threshold.n_conditions) == (29, 0)
