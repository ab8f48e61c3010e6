"""When was it clear, as text."""

from pathlib import Path

from sweeps.report import analyse
from sweeps.report.rows.stage_rows import stage_rows
from tests.sweeps.report.planted import Planted


def test_a_row_leads_from_the_first_stage_to_what_was_confirmed(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.9}, n_seeds=8, n_trials=0, n_evals=8).write(tmp_path)
    [row] = stage_rows(analyse(folder))
    assert [title for title, _ in row.stages] == ["after 25%", "after 50%", "after 75%", "at the end"]
    assert all(cell.startswith("better, +0.") and cell.endswith("(8 of 8)") for _, cell in row.stages)
    assert row.confirmed.startswith("better, +0.")


def test_one_evaluation_tells_no_story(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.9}, n_seeds=8, n_trials=0, n_evals=1).write(tmp_path)
    assert stage_rows(analyse(folder)) == []
