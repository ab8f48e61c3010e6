"""What copying the last given frame scores, clip by clip."""

import numpy as np
import torch

from cvae.data.inspection.copy_last import CopyLast
from cvae.data.sources import Episode
from cvae.evaluation.baselines import copy_last
from cvae.evaluation.metrics import psnr


def episode(frames: np.ndarray) -> Episode:
    return Episode("a", frames, np.zeros((len(frames), 1), np.float32), None)


def test_it_scores_as_evaluation_does() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (30, 16, 16, 3), dtype=np.uint8)
    found = CopyLast(n_past=2)
    found.add("test", episode(frames), 12, stride=9)
    expected = []
    for start in (0, 9, 18):
        clip = (
            torch.from_numpy(frames[start : start + 12]).permute(0, 3, 1, 2)[:, None].float() / 255
        )  # (T, 1, 3, S, S)
        expected.append(float(psnr(copy_last(clip, 2), clip[2:]).mean()))
    np.testing.assert_allclose(found.scores["test"], expected, rtol=1e-5)


def test_clips_are_counted_by_their_score() -> None:
    # a step of d of 255 after the given frames is an error of (d / 255)^2: 20 log10(255 / d) dB
    found = CopyLast(n_past=2)
    for change, split in ((0, "train"), (1, "train"), (26, "train"), (100, "validate")):
        frames = np.full((12, 8, 8, 3), 100, np.uint8)
        frames[2:] += change
        found.add(split, episode(frames), 12, None)
    np.testing.assert_allclose(found.scores["train"], [100, 48.131, 19.831], atol=1e-3)
    train, validate, table = found.lines()
    assert train == "copy-last: median 48.1 dB over 3 train clips, 80% of them 25.5 to 89.6"
    assert validate == "copy-last: median 8.1 dB over 1 validate clips, 80% of them 8.1 to 8.1"
    columns = [[str(cell).split()[0] for cell in column.cells] for column in table.columns[1:]]  # type: ignore[union-attr]
    assert columns == [["0", "1", "0", "0", "0", "0", "2"], ["1", "0", "0", "0", "0", "0", "0"]]
    (said,) = found.warnings()
    assert said.startswith("2 of 3 train clips are as good as still")


def test_a_clip_without_a_future_has_no_score() -> None:
    found = CopyLast(n_past=2)
    found.add("train", episode(np.zeros((12, 8, 8, 3), np.uint8)), 2, None)
    assert (list(found.lines()), list(found.warnings())) == ([], [])
