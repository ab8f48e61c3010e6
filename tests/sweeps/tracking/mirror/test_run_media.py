"""What a mirror says of a run's pictures."""

from pathlib import Path

from sweeps.tracking.mirror.run_media import caption_of
from tests.sweeps.made_runs import begin, evaluate


def test_a_caption_says_step_score_and_clips(tmp_path: Path) -> None:
    folder = begin(tmp_path / "toy")
    evaluate(folder, 20)
    caption = caption_of(folder.samples / "step-000020.png", 20, 16.0, "val")
    assert caption == "step 20 · val 16.00 dB · clip clip-0 19.0 dB · clip clip-1 20.0 dB"
