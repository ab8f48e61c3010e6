"""The paragraph answers what reviewers ask: what, over what, by which rule, what broke, at which cost."""

from pathlib import Path

from sweeps.report import analyse
from sweeps.report.steadiness.paper_paragraph import paper_paragraph
from tests.sweeps.report.planted import Planted
from tests.sweeps.report.steadiness.test_over_blocks import study


def test_a_tuned_study_says_all_of_it(tmp_path: Path) -> None:
    planted = Planted(
        {"constant": 0.0, "mono": 0.0, "cyclical": 0.4}, n_seeds=8, n_evals=1, statuses={("mono", 1): "failed"}
    )
    paragraph = paper_paragraph(analyse(planted.write(tmp_path)))
    for said in (
        "We compare constant, mono, cyclical by PSNR in dB (more is better) on the whole test split of one data set.",
        "Each arm was tuned by 3 trials (qmc), by val/psnr.",
        "Its best configuration was trained again with 8 fresh seeds that all arms share.",
        "Intervals hold for the configurations that tuning chose",
        "words by the paired t test at 5%, adjusted by Holm over 3 pairs.",
        "A margin of ±0.1 dB was declared beforehand",
        "cyclical is better than constant by 0.",
        "0 of 8 (constant), 1 of 8 (mono), 0 of 8 (cyclical).",
        "All 33 runs took 7.36 device hours on cpu.",
    ):
        assert said in paragraph
    assert "\n" not in paragraph


def test_what_was_not_done_is_not_claimed(tmp_path: Path) -> None:
    paragraph = paper_paragraph(study(tmp_path, (0.9, 1.1, 1.0, 0.85, 1.2, 0.95), direction="minimize"))
    assert "(less is better)" in paragraph
    assert "without tuning, with 6 fresh seeds" in paragraph
    assert "No confirmed run broke down." in paragraph
    for other in ("Holm", "tuned by", "device hours", "configurations that tuning chose"):
        assert other not in paragraph


def test_several_tunings_are_said_to_be_the_unit(tmp_path: Path) -> None:
    planted = Planted({"a": 0.0, "b": 0.4}, n_seeds=12, n_trials=24, n_tunings=6, n_evals=1)
    paragraph = paper_paragraph(analyse(planted.write(tmp_path)))
    for said in (
        "Each arm was tuned 6 times, each time by 4 trials of its own (qmc), by val/psnr.",
        "Each choice was trained again with 2 fresh seeds that all arms share.",
        "Intervals hold for the arms so tuned, with 4 trials.",
        "The tuning is the unit: its difference is the mean over those of its seeds at which both arms trained.",
    ):
        assert said in paragraph
    assert "configurations that tuning chose" not in paragraph
    assert "The seed is the unit" not in paragraph
