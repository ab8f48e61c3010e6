"""Secondary metrics: the same pairs by another number, no verdict, and nothing of it in the rule."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_rel

from cvae.errors import InputError
from sweeps.report.analysis import Analysis, analyse, analyse_across
from sweeps.report.output.verdict_json import verdict_json
from sweeps.report.secondary.secondary_results import leading_side
from sweeps.report.statistics.paired import compare_pairs
from tests.sweeps.report.planted import Planted

ARMS = {"constant": 0.0, "cyclical": 0.4}
SSIM = {"ssim": {"constant": 0.91, "cyclical": 0.93}}


def read(folder: Path, arm: str, key: str) -> dict[int, float]:
    paths = sorted((folder / arm).glob("confirm-*/state.json"))
    states = {int(path.parent.name.partition("-s")[2]): json.loads(path.read_text()) for path in paths}
    return {seed: state["final"][key] for seed, state in states.items() if state["status"] == "finished"}


def test_the_interval_is_that_of_the_paired_t_test(tmp_path: Path) -> None:
    folder = Planted(ARMS, also=("val/ssim",), beside=SSIM, n_seeds=7, statuses={("constant", 2): "failed"}).write(
        tmp_path
    )
    (result,) = analyse(folder).secondary
    (pair,) = result.pairs
    a, b = (read(folder, arm, "test/ssim") for arm in ("cyclical", "constant"))
    shared = sorted(a.keys() & b.keys())
    theirs = ttest_rel([a[seed] for seed in shared], [b[seed] for seed in shared])
    interval = theirs.confidence_interval(0.95)
    assert (pair.a, pair.b, pair.test.n, len(shared)) == ("cyclical", "constant", 6, 6)
    assert pair.test.difference == pytest.approx(np.mean([a[s] - b[s] for s in shared]), abs=1e-12)
    assert pair.test.interval == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert pair.left_out == ("seed 1002: constant failed",)
    means = {arm.name: (arm.confirmed.n, arm.confirmed.mean) for arm in result.arms}
    assert means["cyclical"] == (7, pytest.approx(np.mean(list(a.values())), abs=1e-12))
    assert means["constant"] == (6, pytest.approx(np.mean(list(b.values())), abs=1e-12))


def test_the_metric_that_decides_gives_the_same_numbers_as_a_secondary_one(tmp_path: Path) -> None:
    # The same values under another name: one comparison, not two.
    folder = Planted(ARMS, also=("val/posterior_psnr",), n_configs=2, statuses={("cyclical", 1): "stopped"}).write(
        tmp_path
    )
    for path in folder.glob("*/confirm-*/state.json"):
        state = json.loads(path.read_text())
        if state["final"]:
            state["final"]["test/posterior_psnr"] = state["final"]["test/psnr"]
            path.write_text(json.dumps(state))
    analysis = analyse(folder)
    (result,) = analysis.secondary
    assert [pair.test for pair in result.pairs] == [pair.test for pair in analysis.pairs]
    assert [pair.left_out for pair in result.pairs] == [pair.left_out for pair in analysis.pairs]
    assert [arm.confirmed for arm in result.arms] == [arm.confirmed for arm in analysis.arms]


def test_nothing_of_it_enters_the_rule(tmp_path: Path) -> None:
    # Three arms, five strong secondary effects: the headline, Holm's p and the checks are those of the metric alone.
    arms = {"a": 0.0, "b": 0.06, "c": 0.3}
    planted = Planted(arms, noise_sd=0.1)
    beside = {name: {"a": 1.0, "b": 3.0, "c": 2.0} for name in ("ssim", "crps", "kl", "energy_db", "distortion")}
    also = ("val/ssim", "val/crps", {"name": "val/kl", "direction": "none"}, "val/energy_db", "val/distortion")
    alone = analyse(planted.write(tmp_path / "alone"))
    with_them = analyse(replace(planted, also=also, beside=beside).write(tmp_path / "with"))
    without = json.loads(verdict_json(alone))
    verdict = json.loads(verdict_json(with_them))
    assert len(verdict.pop("secondary")["metrics"]) == 5
    assert verdict == without
    assert alone.secondary == []


@pytest.mark.parametrize("lacking", [3, 6])
def test_a_number_that_runs_lack_is_said_and_no_crash(tmp_path: Path, lacking: int) -> None:
    folder = Planted(ARMS, also=("val/ssim",), beside=SSIM).write(tmp_path)
    for path in sorted(folder.glob("constant/confirm-*/state.json"))[:lacking]:
        state = json.loads(path.read_text())
        del state["final"]["test/ssim"]
        path.write_text(json.dumps(state))
    (result,) = analyse(folder).secondary
    (pair,) = result.pairs
    assert (result.n_finished, result.n_without, pair.test.n) == (12, lacking, 6 - lacking)
    assert pair.left_out[0] == "seed 1000: constant finished without test/ssim"
    assert (pair.test.difference is None) == (lacking == 6)


def test_a_margin_of_its_own_is_looked_at(tmp_path: Path) -> None:
    also = ({"name": "val/ssim", "margin": 0.2}, {"name": "val/mse", "margin": 1e-3}, "val/crps")
    beside = SSIM | {name: {"constant": 0.1, "cyclical": 0.12} for name in ("mse", "crps")}
    results = analyse(Planted(ARMS, also=also, beside=beside).write(tmp_path)).secondary
    assert [result.pairs[0].is_within_margin for result in results] == [True, False, None]


def test_a_side_leads_where_the_interval_leaves_out_zero() -> None:
    clear, open_ = [0.9, 1.1, 1.0, 1.2], [-1.0, 1.2, 0.1, -0.2]
    zeros = [0.0] * 4
    assert [leading_side(compare_pairs(clear, zeros), sign) for sign in (1, -1, 0)] == [1, -1, 0]
    assert leading_side(compare_pairs(zeros, clear), 1) == -1
    assert leading_side(compare_pairs(open_, zeros), 1) == 0
    # the same difference everywhere has no interval to speak of: from six pairs on, as for a verdict
    assert [leading_side(compare_pairs([1.0] * n, [0.0] * n), 1) for n in (0, 1, 5, 6)] == [0, 0, 0, 1]


def across(tmp_path: Path, *also: tuple[object, ...]) -> Analysis:
    folders = [
        Planted({"a": 0.2 * i}, name=f"n{i}", also=metrics, beside={"ssim": {"a": 0.9}}).write(tmp_path / str(i))
        for i, metrics in enumerate(also)
    ]
    return analyse_across(folders, tmp_path / "both")


def test_across_experiments_those_count_that_all_declare_alike(tmp_path: Path) -> None:
    narrow = {"name": "val/ssim", "margin": 0.1}
    kl = [{"name": "val/kl", "direction": way} for way in ("none", "minimize")]
    analysis = across(tmp_path, (narrow | {"margin": 0.3}, kl[0], "val/crps"), (kl[1], narrow))
    assert [(r.metric.name, r.metric.margin, r.pairs[0].test.n) for r in analysis.secondary] == [("val/ssim", 0.1, 6)]


def test_a_margin_that_one_experiment_lacks_is_none(tmp_path: Path) -> None:
    analysis = across(tmp_path, ({"name": "val/ssim", "margin": 0.1},), ("val/ssim",))
    assert [result.metric.margin for result in analysis.secondary] == [None]


def test_an_unknown_name_in_a_folder_is_refused_by_its_file(tmp_path: Path) -> None:
    for i, also in enumerate((("val/sharpness",), ("val/psnr",))):
        folder = Planted(ARMS, also=also).write(tmp_path / str(i))
        with pytest.raises(InputError, match=r"experiment\.yaml: .*val/(sharpness|psnr)"):
            analyse(folder)
