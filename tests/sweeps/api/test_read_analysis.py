"""A comparison in a notebook says what the report says."""

import csv
import html
import sys
from pathlib import Path
from typing import Any

import pytest

import sweeps
from cvae.errors import InputError
from sweeps.report.analysis import analyse
from sweeps.report.output.write import render_files
from tests.sweeps.report.planted import Planted

ARMS = {"constant": 0.0, "<b>cyclical</b>": 0.4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Planted(ARMS, measured=True).write(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def found(folder: Path) -> Any:
    return sweeps.analyse(folder)


def test_the_verdict_and_the_tables_are_those_of_the_report(found: Any, folder: Path) -> None:
    files = render_files(analyse(folder), pictures=False)
    assert html.escape(found.verdict) in files["report.md"].decode()
    assert found.folder == folder
    assert set(found.tables()) == {Path(name).stem for name in files if name.startswith("tables/")}
    for table in found.tables():
        rows = list(csv.DictReader(files[f"tables/{table}.csv"].decode().splitlines()))
        assert len(rows) == len(found.rows(table))
    assert [row["arm"] for row in found.arms] == list(ARMS)
    assert found.pairs[0]["difference"] == pytest.approx(0.4, abs=0.1)
    assert {level for level, _, _ in found.checks} <= {"pass", "warn", "fail"}


def test_a_table_that_is_not_there_is_named(found: Any) -> None:
    with pytest.raises(InputError, match="no table 'arm'; did you mean 'arms'"):
        found.rows("arm")


def test_data_frames_where_pandas_is_there(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="data frames need pandas"):
        found.frame("arms")
    monkeypatch.undo()
    pytest.importorskip("pandas")
    frame = found.frame("curves")
    assert len(frame) == len(found.rows("curves"))
    assert frame.groupby("arm")["step"].max().min() > 0


def test_it_shows_itself_with_names_that_cannot_break_the_page(found: Any) -> None:
    shown = found._repr_html_()
    assert "&lt;b&gt;cyclical&lt;/b&gt;" in shown
    assert "<b>cyclical" not in shown
    assert shown.count("<table>") == 2
    figure = found.figures["differences"]
    assert "<svg" in figure._repr_html_()
    assert figure.rows()
    assert figure.spec["datasets"]
    assert figure.title


def test_names_are_taken_where_folders_are(folder: Path, found: Any) -> None:
    assert sweeps.analyse(folder.name, runs=folder.parent).verdict == found.verdict
    with pytest.raises(InputError, match="did you mean 'planted'"):
        sweeps.analyse("planned", runs=folder.parent)
    with pytest.raises(InputError, match="give an experiment's folder"):
        sweeps.analyse()


def test_it_writes_the_report(found: Any) -> None:
    assert found.write().read_text().startswith("<!doctype html>")
