"""What the lines of a table say: long, wide, lost, broken down; and each mistake in one line."""

import math
from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.csv_import.csv_file import read_csv
from sweeps.csv_import.csv_scores import CsvScore, scores_of


def read(text: str, folder: Path) -> list[CsvScore]:
    (folder / "pairs.csv").write_text(text)
    return scores_of(read_csv(folder / "pairs.csv"))


def told(scores: list[CsvScore]) -> list[tuple[str, int, str, float | None]]:
    return [(s.arm, s.seed, s.status, s.score) for s in scores]


def test_long_and_wide_say_the_same(tmp_path: Path) -> None:
    wide = read("seed,a,b\n1,20.5,21\n2,,diverged\n", tmp_path)
    long = read("score,ARM,Seed,status\n20.5,a,1,\n21,b,1,finished\n,b,2,Diverged\n", tmp_path)
    assert (
        told(wide) == told(long) == [("a", 1, "finished", 20.5), ("b", 1, "finished", 21.0), ("b", 2, "diverged", None)]
    )


def test_a_number_that_is_none_is_a_breakdown(tmp_path: Path) -> None:
    scores = read("seed,a,b,c\n1,nan,-inf,NaN\n", tmp_path)
    assert len(scores) == 3
    assert all(s.status == "finished" and s.score is not None and math.isnan(s.score) for s in scores)


def test_decimals_may_follow_a_comma_where_cells_do_not(tmp_path: Path) -> None:
    assert told(read("seed;a;b\n1;20,5;21\n", tmp_path)) == [("a", 1, "finished", 20.5), ("b", 1, "finished", 21.0)]


def test_phase_and_clip_are_read(tmp_path: Path) -> None:
    scores = read("arm,seed,score,phase,clip\na,1,2,tune,x\na,1,3,,y\n", tmp_path)
    assert [(s.phase, s.clip) for s in scores] == [("tune", "x"), ("confirm", "y")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arm,seed\na,1\n", "has no column score; one line a result needs arm, seed, score"),
        ("seed,score\n1,2\n", "has no column arm;"),
        ("arm,seed,score,notes\na,1,2,x\n", "unknown column notes; allowed: arm, seed, score, status, clip, phase"),
        (
            "run,a\n1,2\n",
            r"neither arm, seed, score \(one line a result\) nor seed and a column for each arm; it has run",
        ),
        ("seed\n1\n", "neither arm, seed, score"),
        ("seed,a\n1,good\n", "line 2: a is 'good'; it is a number, or nan where the run broke down"),
        ("seed,a\n1,1_0\n", "line 2: a is '1_0'; it is a number"),
        ("arm,seed,score\na,1,20 dB\n", "line 2: score is '20 dB'; it is a number"),
        ("arm,seed,score\na,1,\n", "line 2: score is empty; give a number, or a status: diverged, failed"),
        ("arm,seed,score\n,1,2\n", "line 2: arm is empty"),
        ("arm,seed,score,clip\na,1,2,\n", "line 2: clip is empty"),
        ("arm,seed,score,status\na,1,2,ok\n", "line 2: status is 'ok'; allowed: finished, diverged, failed, inf"),
        ("arm,seed,score,phase\na,1,2,test\n", "line 2: phase is 'test'; allowed: tune, confirm"),
        ("seed,a\n1.5,2\n", "line 2: seed is '1.5'; it is a whole number from 0"),
        ("seed,a\n-1,2\n", "line 2: seed is '-1'; it is a whole number from 0"),
        ("seed;a;b\n1;20,5;20.5\n", "line 2: '20.5' beside '20,5' of line 2: two decimal signs"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_refused_by_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read(text, tmp_path)
