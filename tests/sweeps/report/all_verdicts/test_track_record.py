"""What became of verdicts, against counts that can be made by hand."""

from pathlib import Path

import pytest

from sweeps.report.all_verdicts.study_verdict import StudyData, StudyMetric, StudyPair, StudyVerdict
from sweeps.report.all_verdicts.track_record import expected_false, rematches, uses_of_splits

PSNR = StudyMetric("val/psnr", "test/psnr", "maximize")


def study(
    name: str, *pairs: tuple[str, str, str], data: str = "f1", void: bool = False, metric: StudyMetric = PSNR
) -> StudyVerdict:
    told = [StudyPair(a, b, verdict) for a, b, verdict in pairs]
    fingerprints = (data,) if data else ()
    return StudyVerdict(2, name, "", metric, told, void, StudyData("test", fingerprints), Path(name), name)


def test_a_winner_is_followed_whichever_arm_stands_first() -> None:
    studies = [
        study("0", ("b", "a", "undecided")),  # before anybody won: no rematch
        study("1", ("b", "a", "better"), ("c", "a", "worse")),
        study("2", ("a", "b", "worse by more than the margin")),  # b won again
        study("3", ("b", "a", "worse"), ("c", "a", "equivalent")),
        study("4", ("b", "a", "better"), void=True),  # says nothing
        study("5", ("b", "a", "void")),
        study("6", ("b", "a", "undecided")),
    ]
    told = [
        (m.winner, m.loser, m.first.experiment, [(s.experiment, o) for s, o in m.later]) for m in rematches(studies)
    ]
    assert told == [
        ("b", "a", "1", [("2", "won"), ("3", "lost"), ("6", "undecided")]),
        ("a", "c", "1", [("3", "equivalent")]),
    ]


def test_a_void_pair_is_nobodys_win() -> None:
    void = StudyPair("b", "a", "better", void=True)
    assert (void.word, void.winner) == ("void", None)
    studies = [StudyVerdict(3, name, "", PSNR, [void], report=Path(name)) for name in ("1", "2")]
    assert rematches(studies) == []
    assert studies[0].words == {"void": 1}


def test_another_metric_is_another_match() -> None:
    ssim = StudyMetric("val/ssim", "test/ssim", "maximize")
    assert rematches([study("1", ("b", "a", "better")), study("2", ("b", "a", "better"), metric=ssim)]) == []


def test_a_split_is_used_by_every_study_on_its_data() -> None:
    pair = ("b", "a", "undecided")
    studies = [
        study("1", pair, data=""),
        study("2", pair, pair, data="f2"),
        study("3", pair),
        study("4", pair, data="f2"),
    ]
    told = [(use.fingerprint, [s.experiment for s in use.studies], use.n_pairs) for use in uses_of_splits(studies)]
    assert told == [("f2", ["2", "4"], 3), ("f1", ["3"], 1), ("", ["1"], 1)]


def test_one_study_in_twenty_is_expected_to_err() -> None:
    pair = ("b", "a", "better")
    assert expected_false([study("1", pair), study("2", pair, pair)]) == pytest.approx(0.1)
    assert expected_false([study("1"), study("2", pair, void=True)]) == 0.0  # neither can give a word
