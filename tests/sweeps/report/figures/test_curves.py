"""Schedules that move once an epoch are drawn as they moved."""

from pathlib import Path

import yaml

from sweeps.report.analysis import analyse
from sweeps.report.figures.curves import points
from tests.sweeps.report.planted import Planted


def test_a_schedule_that_moves_once_an_epoch_is_drawn_in_steps(tmp_path: Path) -> None:
    # 1000 updates in 4 epochs: a rise over the whole training has the heights 0, 1/4, 2/4, 3/4 and no others
    folder = Planted({"a": 0.0}).write(tmp_path)
    for path in folder.glob("*/*/config.yaml"):
        train = {"steps": 1000, "steps_per_epoch": 250, "stepping": "epoch"}
        change = {"beta": 1.0, "kl_anneal": {"mode": "monotonic", "ramp": 1.0}, "train": train}
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    run = analyse(folder).experiment.runs[0]
    drawn = points(run, "train/beta")
    assert {value for _, value in drawn} == {0.0, 0.25, 0.5, 0.75}
    assert all(value == step // 250 / 4 for step, value in drawn)
