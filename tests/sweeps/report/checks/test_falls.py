"""Falls on the way, planted: a run that heals again has fallen all the same."""

import json
from pathlib import Path

import pytest
import scipy.stats

from cvae.record.run_folder import RunFolder
from sweeps.experiment import Metric
from sweeps.report.analysis import analyse
from sweeps.report.checks.falls import deepest_fall
from sweeps.report.reading import read_experiment
from tests.sweeps.report.planted import Planted

PSNR = Metric(name="val/psnr", margin=None)


def plant(run: RunFolder, scores: list[float], norms: list[float] | None = None) -> None:
    lines = [{"step": 100 * (i + 1), "val/psnr": score} for i, score in enumerate(scores)]
    for line, norm in zip(lines, norms or [], strict=False):
        line["train/grad_norm_max"] = norm
    run.epochs.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("scores", "depth", "lowest"),
    [
        ([10, 12, 15, 20, 21, 9.2, 15, 18, 20, 20.5], 11.8, 9.2),  # it heals: the end does not tell
        ([10, 12, 15, 20, 21, 22, 23, 24, 24, 24], 0.0, 15.0),
        ([20, 5, 15, 20, 21, 22, 23, 24, 24, 24], 5.0, 15.0),  # 5 dB at step 200 is before a quarter of 1000
        ([10, 12, 15, 20, 21, 22, 23, 24, 24, 20.5], 3.5, 20.5),
    ],
)
def test_a_fall_is_measured_from_the_best_so_far(
    tmp_path: Path, scores: list[float], depth: float, lowest: float
) -> None:
    folder = Planted({"a": 0.0, "b": 0.1}).write(tmp_path)
    plant(RunFolder(folder / "a" / "confirm-0-s1000"), scores)
    (run,) = (r for r in read_experiment(folder).of("a", "confirm") if r.seed == 1000)
    fall = deepest_fall(run, PSNR)
    assert fall is not None
    assert (fall.depth, fall.lowest) == (pytest.approx(depth), pytest.approx(lowest))


def test_falls_are_counted_by_arm_with_their_gradients(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.1}).write(tmp_path)
    assert "No run fell on the way" not in {check.title for check in analyse(folder).checks}
    for seed in (1000, 1001):
        plant(RunFolder(folder / "b" / f"confirm-0-s{seed}"), [18, 19, 20, 21, 9.2, 20], [0.06, 0.06, 0.06, 0.06, 78.8])
    (check,) = (check for check in analyse(folder).checks if check.title == "No run fell on the way")
    assert check.level == "warn"
    low, high = (100 * end for end in scipy.stats.binomtest(2, 6).proportion_ci(0.95, "exact"))
    assert "a 0 of 6 (0%) (95% interval 0 to 39%)" in check.detail
    assert (
        f"b 2 of 6 (33%) (95% interval {low:.0f} to {high:.0f}%, lowest 9.2 dB, largest gradient norm 78.8)"
        in check.detail
    )
