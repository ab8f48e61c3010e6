"""Studies whose answer is known: each gets the right word and the right warnings."""

import pytest

from sweeps.report.analysis import analyse
from tests.sweeps.report.planted import Planted

USUAL = {"The search space was wide enough"}  # the planted lr lies at the edge of its range


def study(planted, tmp_path):
    analysis = analyse(planted.write(tmp_path))
    (pair,) = analysis.pairs
    levels = {check.title: check.level for check in analysis.checks}
    raised = {title for title, level in levels.items() if level != "pass"} - USUAL
    return analysis, pair, raised


def test_a_known_effect(tmp_path):
    analysis, pair, raised = study(Planted({"a": 0.0, "b": 0.4}, n_seeds=10), tmp_path)
    assert (pair.verdict, raised) == ("better", set())
    assert pair.bootstrap[0] > 0
    assert pair.improvement.probability == 1.0
    assert analysis.headline.startswith("b is better than a by 0.4")


def test_no_effect(tmp_path):
    _, pair, raised = study(Planted({"a": 0.0, "b": 0.0}, n_seeds=10, noise_sd=0.1, margin=0.2), tmp_path)
    assert (pair.verdict, raised) == ("equivalent", set())


def test_no_effect_and_no_margin(tmp_path):
    analysis, pair, _ = study(Planted({"a": 0.0, "b": 0.1}, n_seeds=6, noise_sd=0.1, margin=None), tmp_path)
    assert pair.verdict == "undecided"
    assert [chance.seeds for chance in pair.word_chances] == [2, 5, 10]
    assert "chance of a word" in analysis.headline
    assert "10 more seeds" in analysis.headline


def test_an_effect_hidden_by_one_seed_that_broke_down(tmp_path):
    # Nine seeds say +0.4; in the tenth b ends below a flat colour but finite: a breakdown, told beside the nine.
    planted = Planted({"a": 0.0, "b": 0.4}, n_seeds=10, falls={("b", 4): 8.0})
    analysis, pair, raised = study(planted, tmp_path)
    assert (pair.verdict, pair.test.n, pair.with_lost.n_a, pair.with_lost.n_b) == ("better", 9, 9, 1)
    assert raised == {"No run broke down", "No pair is missing"}
    assert pair.everything.n == 10
    assert pair.everything.interval[0] < 0  # the mean over everything would have drowned it
    assert "where both trained" in analysis.headline
    assert "b at 1 of 10" in analysis.headline
    details = {check.title: check.detail for check in analysis.checks}
    assert "b 1 of 10 (10%)" in details["No run broke down"]


def test_an_effect_with_one_run_lost_to_a_divergence(tmp_path):
    planted = Planted({"a": 0.0, "b": 0.4}, n_seeds=10, statuses={("b", 4): "diverged"})
    analysis, pair, raised = study(planted, tmp_path)
    assert (pair.verdict, pair.test.n, pair.with_lost.n_a, pair.with_lost.n_b) == ("better", 9, 9, 1)
    assert raised >= {"No run was lost", "No run broke down", "No pair is missing"}
    assert "broke down: a at 0 of 10 (at most 26%) and b at 1 of 10" in analysis.headline


def test_a_winner_among_survivors_is_no_winner(tmp_path):
    statuses = {("b", i): "diverged" for i in range(6)}
    analysis, pair, _ = study(Planted({"a": 0.0, "b": 0.4}, n_seeds=12, statuses=statuses), tmp_path)
    assert pair.verdict == "undecided"
    assert pair.why == "better where it trained, broke down at 6 of 12 seeds (0 of 12)"
    check = next(check for check in analysis.checks if check.title == "No pair is missing")
    assert "6 of 12 (breakdowns ranked worst: better at 6, worse at 6" in check.detail


def test_all_collapsed(tmp_path):
    analysis, _, raised = study(Planted({"a": 0.0, "b": 0.4}, kl=0.001), tmp_path)
    assert analysis.is_void
    assert raised == {"The posterior is alive"}
    assert analysis.headline.startswith("Void: ")


def test_missing_pairs_are_counted(tmp_path):
    planted = Planted({"a": 0.0, "b": 0.4}, n_seeds=10, absent=frozenset({("a", 1), ("b", 3), ("b", 7)}))
    analysis, pair, raised = study(planted, tmp_path)
    assert (pair.verdict, pair.test.n, len(pair.left_out)) == ("undecided", 7, 3)  # no final word yet
    assert pair.why == "not all planned seeds are in"
    assert pair.interval[0] > 0  # the interval for looks
    assert raised == {"The sweep is finished", "No pair is missing", "The arms had equal chances"}
    assert analysis.headline.startswith("So far, with 17 of 20 confirm runs: ")


def test_a_winners_curse(tmp_path):
    # b's chosen trial was lucky by 1.5 dB; its fresh seeds know nothing of it.
    _, pair, raised = study(Planted({"a": 0.0, "b": 0.0}, n_seeds=10, luck={"b": 1.5}, margin=0.2), tmp_path)
    lucky = analyse(tmp_path / "planted").arms[1]
    assert (pair.verdict, raised) == ("equivalent", set())
    assert lucky.shrinkage > 0.8
    assert lucky.tune_score - lucky.on_tune_split > 0.8


def test_a_changed_metric_fails_and_is_not_forgotten(tmp_path):
    from sweeps.report.output.write import write_report

    folder = Planted({"a": 0.0, "b": 0.4}).write(tmp_path)
    write_report(analyse(folder), pictures=False)
    plan = folder / "experiment.yaml"
    plan.write_text(plan.read_text().replace("val/psnr", "val/ssim"))
    for path in folder.glob("*/*/state.json"):
        path.write_text(path.read_text().replace("psnr", "ssim"))
    for _ in range(2):
        analysis = analyse(folder)
        check = next(check for check in analysis.checks if check.title == "The metric is the one declared")
        assert check.level == "fail"
        assert "reported before with val/psnr (maximize)" in check.detail
        write_report(analysis, pictures=False)


@pytest.mark.parametrize(("split", "level"), [("test", "pass"), ("validate", "warn")])
def test_confirming_where_tuning_looked_is_said(tmp_path, split, level):
    folder = Planted({"a": 0.0, "b": 0.4}).write(tmp_path)
    plan = folder / "experiment.yaml"
    plan.write_text(plan.read_text().replace("split: test", f"split: {split}"))
    if split == "validate":
        for path in folder.glob("*/confirm-*/state.json"):
            path.write_text(path.read_text().replace("test/", "val/"))
    levels = {check.title: check.level for check in analyse(folder).checks}
    assert levels["Confirmed on fresh clips"] == level


def test_training_that_still_rises_is_said(tmp_path):
    import json

    folder = Planted({"a": 0.0, "b": 0.4}).write(tmp_path)
    for path in folder.glob("*/confirm-*/epochs.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            line["val/psnr"] += 2 * line["step"] / 1000
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    check = next(g for g in analyse(folder).checks if g.title == "Training has levelled off")
    assert check.level == "warn"
    assert "a +0.79 dB" in check.detail
