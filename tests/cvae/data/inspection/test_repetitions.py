"""Frames that repeat the one before, and those that other episodes have too."""

from dataclasses import replace

import numpy as np

from cvae.data.inspection.repetitions import Repetitions
from cvae.data.sources import Episode


def episode(seed: int, n_frames: int = 12) -> Episode:
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (n_frames, 8, 8, 3), dtype=np.uint8)
    return Episode(str(seed), frames, np.zeros((n_frames, 1), np.float32), None)


def frozen(of: Episode, first: int, n_steps: int) -> Episode:
    frames = of.frames.copy()
    frames[first : first + n_steps + 1] = frames[first]
    return replace(of, frames=frames)


def test_sound_episodes_are_silent() -> None:
    found = Repetitions()
    for seed in range(4):
        found.add("train", episode(seed))
    assert list(found.warnings()) == []
    assert list(found.lines()) == ["frozen: 0 of 44 steps (0.0%) change no pixel"]


def test_the_longest_standstill_is_named() -> None:
    found = Repetitions()
    found.add("train", frozen(episode(0), 2, 3))
    found.add("validate", frozen(episode(1), 4, 6))
    found.add("train", episode(2))
    assert next(found.lines()) == (
        "frozen: 9 of 33 steps (27.3%) change no pixel; the longest run is 6 steps, validate episode 1 from frame 4"
    )
    (said,) = found.warnings()
    assert said.startswith("27% of all steps change no pixel (0 episodes stand still throughout)")


def test_a_leak_is_told_from_a_duplicate() -> None:
    found = Repetitions()
    found.add("train", episode(0))
    found.add("train", replace(episode(0), name="again"))
    found.add("test", replace(episode(1), name="own"))
    # cut from the same recording, five frames later, and so seven of twelve frames are those of training
    late = replace(episode(0), name="late", frames=np.concatenate([episode(0).frames[5:], episode(9).frames[:5]]))
    found.add("test", late)
    leak, duplicate = found.warnings()
    assert leak == "leak: a model is tested on what it was trained on: 7 of 12 frames of test late are those of train 0"
    assert duplicate.endswith("12 of 12 frames of train again are those of train 0")


def test_a_common_start_is_no_leak() -> None:
    # a simulator that is reset begins with the same picture
    found = Repetitions()
    for seed, split in enumerate(("train", "train", "test")):
        of = episode(seed)
        of.frames[0] = 7
        found.add(split, of)
    assert list(found.warnings()) == []


def test_only_so_many_are_named() -> None:
    found = Repetitions()
    found.add("train", episode(0))
    for i in range(5):
        found.add("validate", replace(episode(0), name=f"v{i}"))
    (said,) = found.warnings()
    assert said.endswith("frames of validate v2 are those of train 0; and 2 more episodes")
