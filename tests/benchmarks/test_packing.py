"""The packing benchmark reads what it writes, and every size is held against the smallest."""

from pathlib import Path

import numpy as np

from benchmarks.instruments.bair_files import write_split
from benchmarks.packing import rows
from cvae.data.sources import Bair


def test_its_sequences_are_what_is_downloaded(tmp_path: Path) -> None:
    write_split(tmp_path / "train", 258)
    sequences = Bair(root=tmp_path).locate("train")
    assert len(sequences) == 258
    episodes = [next(iter(Bair(root=tmp_path, camera=camera).episodes("train", 64))) for camera in ("image_main", None)]
    assert [episode.conditions.shape for episode in episodes] == [(30, 7), (30, 7)]
    assert np.abs(np.subtract(*(episode.frames.astype(int) for episode in episodes))).mean() > 50  # two cameras


def test_every_size_is_held_against_the_smallest() -> None:
    small, large = rows((2, 6))
    assert (small.ratio, small.spread) == (1, (1, 1))
    assert large.spread is not None
    assert large.spread[0] <= large.ratio <= large.spread[1]
    assert large.what.startswith("packing 6 sequences of 30 frames, 64x64")
    assert "peak memory" in large.note
    assert "43264 sequences at this rate" in large.note
