"""The report beside the data's threshold: what was recorded at launch, and the weight that is compared with it."""

from pathlib import Path

import pytest
import yaml

from cvae.data.collapse_threshold import CollapseThreshold
from sweeps.experiment.collapse_check import ArmWeights
from sweeps.experiment_folder.data_record import DataRecord, write_data_record
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.report.analysis import Analysis, analyse
from sweeps.report.output.write import render_files
from sweeps.report.rows import chosen_rows
from tests.sweeps.report.planted import Planted

ARMS = {"constant": 0.0, "cyclical": 0.3}


def written(root: Path, beta_c: float | None) -> Path:
    folder = Planted(ARMS).write(root)
    threshold = None if beta_c is None else CollapseThreshold(beta_c, 1.0, 32, 512, 0)
    weights = {arm: ArmWeights(1e-6, 1e-6, 32, threshold) for arm in ARMS}
    write_data_record(DataRecord(weights), ExperimentFolder(folder))
    return folder


def levels(analysis: Analysis) -> dict[str, str]:
    return {check.title: check.level for check in analysis.checks}


@pytest.mark.parametrize(("beta_c", "level"), [(1e-4, "pass"), (4e-7, "pass"), (3e-7, "warn")])
def test_a_chosen_weight_far_above_the_threshold_is_warned_of(tmp_path: Path, beta_c: float, level: str) -> None:
    # the planted configurations have beta 1e-6: 2.5 and 3.3 times the last two thresholds
    analysis = analyse(written(tmp_path, beta_c))
    assert levels(analysis)["Beta lets latents live"] == level
    row = chosen_rows(analysis.experiment, analysis.arms)[0]
    assert (row.beta, row.beta_c) == ("1e-06", f"≤ {beta_c:.2g}")
    assert f"≤ {beta_c:.2g}" in render_files(analysis, pictures=False)["index.html"].decode()


@pytest.mark.parametrize("beta_c", [None, "nothing recorded"])
def test_an_unknown_threshold_is_not_checked(tmp_path: Path, beta_c: float | None) -> None:
    folder = written(tmp_path, None)
    if beta_c is not None:
        (folder / "data.json").unlink()
    analysis = analyse(folder)
    assert "Beta lets latents live" not in levels(analysis)
    assert chosen_rows(analysis.experiment, analysis.arms)[0].beta_c == "–"  # noqa: RUF001


def test_a_weight_that_the_training_sets_is_the_last_one_it_set(tmp_path: Path) -> None:
    folder = written(tmp_path, 1e-4)
    for path in folder.glob("*/*/config.yaml"):
        config = yaml.safe_load(path.read_text()) | {"kl_anneal": {"mode": "control"}}
        path.write_text(yaml.safe_dump(config))
    analysis = analyse(folder)
    run = analysis.arms[0].chosen[0]
    assert run.weight() == run.epochs.columns["train/beta"][-1] != run.config["beta"]


@pytest.mark.parametrize("damage", ["", "[]", '{"arms": {"constant": 3}}', '{"arms": {"constant": {"threshold": 3}}}'])
def test_a_damaged_record_is_named_and_leaves_the_rest(tmp_path: Path, damage: str) -> None:
    folder = written(tmp_path, 1e-4)
    (folder / "data.json").write_text(damage)
    analysis = analyse(folder)
    (damaged,) = analysis.experiment.damage
    assert damaged.startswith(f"{folder / 'data.json'}: is damaged")
    assert dict(analysis.experiment.beta_c) == {}
    assert analysis.pairs[0].test.n == 6
