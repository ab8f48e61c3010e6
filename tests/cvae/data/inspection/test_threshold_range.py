"""beta_c over all steps and over single clips."""

import numpy as np

from cvae.data.collapse_threshold import estimate_threshold
from cvae.data.inspection import threshold_range
from cvae.data.inspection.threshold_range import ThresholdRange
from cvae.data.sources import PushingWorld

WORLD = PushingWorld(seed=1, n_train=6, n_validate=1, n_test=0, n_frames=24)


def listening() -> ThresholdRange:
    found = ThresholdRange()
    for split in ("train", "validate"):
        for episode in WORLD.episodes(split, 16):
            found.add(split, episode, 12, stride=6)
    return found


def test_each_clip_has_its_own() -> None:
    found = listening()
    assert found.n_clips == 6 * 3  # of the train split alone
    first = next(WORLD.episodes("train", 16))
    expected = estimate_threshold(first.frames[6:17], first.frames[7:18], first.conditions[6:17])
    assert expected is not None
    assert found.of_clips[1] == expected.beta_c
    whole, clips = found.lines()
    assert whole.startswith("collapse: at 16x16 pixels beta_c is about")
    low, middle, high = np.percentile(found.of_clips, [5, 50, 95])
    assert (
        f"of single clips beta_c is {low:.2g} to {high:.2g} (5% and 95% of 18 of 18 clips), median {middle:.2g}"
        in clips
    )


def test_of_many_clips_some_are_kept(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(threshold_range, "N_CLIPS", 4)
    found = listening()
    assert 1 < len(found.of_clips) <= 8
    assert found.n_clips == 18
