"""What a mirror says of a run's pictures."""

from pathlib import Path

import pytest

from sweeps.tracking.mirror.run_media import caption_of, media_files, media_of
from tests.sweeps.made_runs import begin, evaluate


def test_a_caption_says_step_score_and_clips(tmp_path: Path) -> None:
    folder = begin(tmp_path / "toy")
    evaluate(folder, 20)
    caption = caption_of(folder.samples / "step-000020.png", 20, 16.0, "val")
    assert caption == "step 20 · val 16.00 dB · clip clip-0 19.0 dB · clip clip-1 20.0 dB"


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_picture_that_lies_elsewhere_is_not_uploaded(suffix: str, tmp_path: Path) -> None:
    # a link may lead to somebody's private picture
    folder = begin(tmp_path / "toy")
    evaluate(folder, 20)
    stem = folder.samples / "step-000020"
    assert len(media_files(stem)) == len(media_of(stem, "samples", "x")) == 2
    picture = stem.with_suffix(suffix)
    private = picture.rename(tmp_path / f"private{suffix}")
    picture.symlink_to(private)
    assert [path.suffix for path in media_files(stem)] == [{".png": ".gif", ".gif": ".png"}[suffix]]
    assert len(media_of(stem, "samples", "x")) == 1
