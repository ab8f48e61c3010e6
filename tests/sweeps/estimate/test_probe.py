"""What a run costs, from a short training."""

from pathlib import Path

import pytest

from cvae.config.network_sizes import training_flops
from cvae.config.schema import build_config
from cvae.record.run_folder import RunFolder
from sweeps.estimate.probe import cost_of


def test_a_run_costs_its_arithmetic_at_the_rate_of_a_short_training(tmp_path: Path) -> None:
    # four updates in 2 s, an evaluation in 0.5 s, and 3 s of starting up; the first updates took half as long again
    config = build_config({"train": {"steps": 1000, "batch_size": 8}, "evaluation": {"every": 100}}, "t")
    folder, seconds = RunFolder(tmp_path), 0.0
    for i, segment_s in enumerate((3.0, 2.0, 2.0, 2.0, 2.0), 1):
        seconds += segment_s + 0.5
        rates = {"train/clips_per_second": 4 * 8 / segment_s, "train/flops_per_second": 1e12 / segment_s}
        folder.append_epoch({"step": 4 * i, "seconds": seconds} | rates)
    cost = cost_of(folder, config, 16.5)
    assert cost is not None
    assert (cost.overhead_s, cost.flops_per_second, cost.evaluation_s) == pytest.approx((4.0, 5e11, 0.5))
    assert cost.seconds(config) == pytest.approx(4.0 + training_flops(config) / 5e11 + 10 * 0.5)
