import json
from dataclasses import replace

import numpy as np
import pytest

from cvae.record import RunIdentity
from cvae.record.run_folder import RunFolder
from sweeps.report.analysis import analyse
from sweeps.report.checks.boundary import at_a_boundary
from tests.sweeps.report.exact_study import ExactStudy, above, baseline
from tests.sweeps.report.planted import Planted


def checks_of(folder):
    return {check.title: check for check in analyse(folder).checks}


def change_state(folder, pattern, **changes):
    paths = sorted(folder.glob(pattern))
    assert paths, pattern
    for path in paths:
        run = RunFolder(path)
        run.write_state(replace(run.read_state(), **changes))


@pytest.fixture
def healthy():
    return Planted({"a": 0.0, "b": 0.4}, n_trials=3)


def test_a_healthy_sweep_passes_every_check_but_the_planted_edge(healthy, tmp_path):
    levels = {title: check.level for title, check in checks_of(healthy.write(tmp_path)).items()}
    assert levels.pop("The search space was wide enough") == "warn"  # its chosen lr is the range's lower end
    assert set(levels.values()) == {"pass"}


def test_a_collapsed_posterior_in_every_arm_voids_the_comparison(healthy, tmp_path):
    healthy.kl = 0.003
    analysis = analyse(healthy.write(tmp_path))
    assert analysis.is_void
    assert analysis.checks[0].level == "fail"
    assert "deterministic predictors are being compared" in analysis.checks[0].detail
    assert analysis.headline.startswith("Void: ")


def test_one_live_arm_keeps_the_comparison_and_warns(healthy, tmp_path):
    healthy.kl = 0.003
    folder = healthy.write(tmp_path)
    for path in folder.glob("b/confirm-*"):
        final = RunFolder(path).read_state().final | {"train/kl": 5.0}
        change_state(folder, str(path.relative_to(folder)), final=final)
    analysis = analyse(folder)
    assert not analysis.is_void
    assert analysis.checks[0].level == "warn"


def test_kl_of_a_run_without_a_final_one_is_its_last_logged(healthy, tmp_path):
    folder = healthy.write(tmp_path)
    for path in folder.glob("*/confirm-*"):
        final = RunFolder(path).read_state().final
        del final["train/kl"]
        change_state(folder, str(path.relative_to(folder)), final=final)
    last = RunFolder(folder / "a" / "confirm-0-s1000").read_epochs()[-1]["train/kl"]
    run = analyse(folder).experiment.of("a", "confirm")[0]
    assert run.final_kl() == last


@pytest.mark.parametrize(("copy_last", "level"), [(30.0, "fail"), (21.0, "warn"), (15.0, "pass")])
def test_copy_last_frame_is_beaten_for_sure_or_it_is_said(healthy, tmp_path, copy_last, level):
    folder = healthy.write(tmp_path)
    for path in folder.glob("*/confirm-*"):
        final = RunFolder(path).read_state().final | {"test/copy_last_psnr": copy_last}
        change_state(folder, str(path.relative_to(folder)), final=final)
    check = checks_of(folder)["Every arm beats copy-last-frame"]
    assert check.level == level, check.detail


@pytest.mark.parametrize(("n_seeds", "level"), [(5, "warn"), (6, "pass")])
def test_six_pairs_are_enough_and_five_are_not(healthy, tmp_path, n_seeds, level):
    healthy.n_seeds = n_seeds
    check = checks_of(healthy.write(tmp_path))["Enough seeds"]
    assert check.level == level
    assert f"here n = {n_seeds}" in check.detail


def test_a_diverged_run_is_counted_and_unbalances_the_arms(healthy, tmp_path):
    healthy.statuses = {("a", 1): "diverged"}
    checks = checks_of(healthy.write(tmp_path))
    assert checks["No run was lost"].level == "fail"
    assert "a confirm: 1 diverged" in checks["No run was lost"].detail
    assert checks["The arms had equal chances"].level == "warn"
    assert "a 5 of 6" in checks["The sweep is finished"].detail


def test_unequal_tuning_is_noticed(healthy, tmp_path):
    folder = healthy.write(tmp_path)
    (folder / "a" / "tune-001" / "state.json").unlink()
    assert "tune 2 / 3" in checks_of(folder)["The arms had equal chances"].detail


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data_fingerprint": "other"}, "data_fingerprint"),
        ({"git_commit": "other"}, "git_commit"),
        ({"device": "cuda:0"}, "device"),
        ({"versions": {"torch": "1.0"}}, "versions"),
        ({"git_dirty": True}, "uncommitted"),
    ],
)
def test_a_run_under_other_conditions_is_noticed(healthy, tmp_path, changes, words):
    folder = healthy.write(tmp_path)
    change_state(folder, "a/confirm-0-s1000", **changes)
    check = checks_of(folder)["Every confirm run ran alike"]
    assert check.level == "warn"
    assert words in check.detail


def test_a_run_scored_on_other_clips_is_noticed(healthy, tmp_path):
    folder = healthy.write(tmp_path)
    for path in folder.glob("*/confirm-*"):
        names = ["x", "y"] if path.name.endswith("1003") else ["x", "z"]
        np.savez(RunFolder(path).clips, psnr=np.ones((2, 10)), name=np.array(names))
    assert checks_of(folder)["Every confirm run ran alike"].detail == "different clips"


def test_a_seed_that_changes_nothing_is_noticed(healthy, tmp_path):
    healthy.noise_sd = 0.0
    assert checks_of(healthy.write(tmp_path))["The seed matters"].level == "warn"


def test_the_edge_of_a_log_range_is_measured_in_logarithms(healthy, tmp_path):
    experiment = analyse(healthy.write(tmp_path)).experiment
    run = experiment.of("a", "confirm")[0]
    at = {1.0e-4: True, 1.1e-4: True, 2.0e-4: False, 4.0e-3: False, 4.9e-3: True}  # 1e-4 to 5e-3
    for value, expected in at.items():
        run.params["optim.lr"] = value
        assert any("optim.lr" in edge for edge in at_a_boundary(experiment.plan, run)) == expected, value


def test_runs_of_an_arm_that_the_experiment_does_not_name_are_listed(healthy, tmp_path):
    folder = healthy.write(tmp_path)
    stranger = folder / "old-arm" / "confirm-0-s1000"
    stranger.mkdir(parents=True)
    RunFolder(stranger).write_identity(RunIdentity("planted", "old-arm", "confirm", 0, 1000))
    check = checks_of(folder)["No run was lost"]
    assert check.level == "warn"
    assert "old-arm/confirm-0-s1000" in check.detail


def test_a_latent_that_is_the_same_for_every_clip_is_warned_of(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.4}, n_trials=3, measured=True).write(tmp_path)
    title = "The latent tells clips apart"
    assert checks_of(folder)[title].level == "pass"
    for path in folder.glob("b/confirm-*/diagnostics.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"active_units": 0}))
    check = checks_of(folder)[title]
    assert check.level == "warn"
    assert "b 0.0" in check.detail


def record_shares(folder, arm, share):
    for path in folder.glob(f"{arm}/confirm-*"):
        run = RunFolder(path)
        lines = [line | {"train/code_share": share + 0.01 * i} for i, line in enumerate(run.read_epochs())]
        run.epochs.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(("share", "level"), [(0.05, "warn"), (0.19, "warn"), (0.21, "pass"), (1.01, "pass")])
def test_codes_that_are_the_same_for_every_frame_are_warned_of(healthy, tmp_path, share, level):
    folder = healthy.write(tmp_path)
    assert "The codes tell frames apart" not in checks_of(folder)  # what was not recorded cannot be checked
    record_shares(folder, "a", 1.0)
    record_shares(folder, "b", share)
    check = checks_of(folder)["The codes tell frames apart"]
    assert check.level == level
    assert f"a 100%; b {share:.0%}" in check.detail


def test_what_a_sure_sweep_spared_is_neither_missing_nor_unfair(tmp_path):
    # a was left out after six seeds; b and c trained on.
    d = [1.0, 1.1, 0.9, 1.05, 0.95, 1.02, 1.0, 1.1]
    scores = {"a": [*baseline(6), None, None], "b": above(d), "c": above([x + 0.01 * i for i, x in enumerate(d)])}
    analysis = analyse(ExactStudy(scores, planned=8, stop="sure", margin=0.2).write(tmp_path / "sure"))
    levels = {check.title: check.level for check in analysis.checks}
    assert (levels["No pair is missing"], levels["The arms had equal chances"]) == ("pass", "pass")
    flagged = ExactStudy(scores, planned=8, stop="sure", margin=0.2, flagged=frozenset({("b", 7)}))
    analysis = analyse(flagged.write(tmp_path / "flagged"))
    (detail,) = (check.detail for check in analysis.checks if check.title == "No pair is missing")
    assert detail.startswith("missing pairs: c against b 1 of 8 (")
    (pair,) = (pair for pair in analysis.pairs if (pair.a, pair.b) == ("c", "b"))
    assert pair.left_out == ("seed 507: b broke down",)
