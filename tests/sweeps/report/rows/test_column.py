"""A number of an arm or a pair is one column: added to the table, it stands in every file that has such a number."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from sweeps.experiment import Metric
from sweeps.report.analysis import Analysis, analyse
from sweeps.report.output.write import render_files
from sweeps.report.rows import Column, arm_columns, pair_columns
from sweeps.report.rows.column import Group, ReportTable, in_decimals
from tests.sweeps.report.planted import Planted


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    return analyse(Planted({"a": 0.0, "b": 0.4}, n_seeds=3, n_evals=2).write(tmp_path))


def report_of(analysis: Analysis) -> dict[str, str]:
    return {path: data.decode() for path, data in render_files(analysis, pictures=False, paper=True).items()}


def under(title: str, table: str) -> list[str]:
    """The cells under a title of a Markdown table."""
    rows = [line.strip("|\n").split(" | ") for line in table.strip().splitlines()]
    position = [cell.strip() for cell in rows[0]].index(title)
    return [row[position].strip() for row in rows[2:]]


def test_a_column_of_the_arms_stands_in_every_file(analysis: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    # a number that no other column has: the best seed
    best = Column("best_seed", lambda row: max(row.arm.by_seed.values()), "best seed", in_decimals, paper="Best")
    monkeypatch.setattr(arm_columns, "ARM_COLUMNS", (*arm_columns.ARM_COLUMNS, best))
    files, values = report_of(analysis), [max(arm.by_seed.values()) for arm in analysis.arms]
    decimals = arm_columns.arm_table(analysis.experiment, analysis.arms).rows[0].decimals
    texts = [f"{value:.{decimals}f}" for value in values]
    verdict = json.loads(files["verdict.json"])["arms"]
    assert [verdict[arm.name]["best_seed"] for arm in analysis.arms] == values
    table = list(csv.DictReader(io.StringIO(files["tables/arms.csv"])))
    assert [float(row["best_seed"]) for row in table] == values
    markdown = re.search(r"\| arm \|.*?\n\n", files["report.md"], re.DOTALL)
    assert markdown is not None
    assert under("best seed", markdown[0]) == texts
    page = files["index.html"]
    assert page.count('<th class="n">best seed') == 1
    assert all(page.count(f'<td class="n">{text}') >= 1 for text in texts)
    assert "& Best" in files["tables/paper.tex"]
    assert all(f" & {text} \\\\" in files["tables/paper.tex"] for text in texts)


@pytest.mark.parametrize("group", ["main", "beside"])
def test_a_column_of_the_pairs_stands_in_every_file(
    analysis: Analysis, monkeypatch: pytest.MonkeyPatch, group: Group
) -> None:
    spread = Column("sd", lambda row: row.pair.test.sd, "spread", lambda sd, _: f"{sd:.7f}", group)
    monkeypatch.setattr(pair_columns, "PAIR_COLUMNS", (*pair_columns.PAIR_COLUMNS, spread))
    files, (value,) = report_of(analysis), [pair.test.sd for pair in analysis.pairs]
    assert value
    assert json.loads(files["verdict.json"])["pairs"][0]["sd"] == value
    assert float(next(csv.DictReader(io.StringIO(files["tables/pairs.csv"])))["sd"]) == value
    tables = re.findall(r"\| a against b \|.*?\n\n", files["report.md"], re.DOTALL)
    assert under("spread", tables[("main", "beside").index(group)]) == [f"{value:.7f}"]
    assert files["index.html"].count('<th class="n">spread\n') + files["index.html"].count('<th class="n">spread<') == 1
    assert files["index.html"].count(f'<td class="n">{value:.7f}') == 1
    assert "spread" not in files["tables/paper.tex"]  # no title for it


def test_each_file_has_the_columns_that_it_is_named_in() -> None:
    # no key: not in verdict.json, nor in a CSV without a name of its own; no title: not for people
    columns = (
        Column[int]("both", lambda row: row, "Both"),
        Column[int]("", lambda row: row, "shown", markdown="", paper="Shown"),
        Column[int]("data", lambda row: row),
        Column[int]("json", lambda row: row, csv=""),
        Column[int]("", lambda row: row, csv="csv"),
        Column[int]("renamed", lambda row: row, csv="other", page="in {metric}{comma_unit}", group="second"),
    )
    table = ReportTable(columns, [7], Metric(name="val/psnr"))
    assert table.values() == [{"both": 7, "data": 7, "json": 7, "renamed": 7}]
    assert table.values("main") == [{"both": 7, "data": 7, "json": 7}]
    assert table.csv_rows() == [{"both": 7, "data": 7, "csv": 7, "other": 7}]
    assert [title.text for title in table.text("page").titles] == ["Both", "shown", "in PSNR, dB"]
    assert [title.text for title in table.text("page", "second").titles] == ["in PSNR, dB"]
    assert [title.text for title in table.text("markdown").titles] == ["Both"]
    assert [title.text for title in table.text("paper").titles] == ["Shown"]


def test_a_csv_file_has_a_column_for_each_end_and_each_part() -> None:
    # an interval has two ends, a mapping has parts, a list of reasons is one text; None leaves its columns empty
    def row(key: str, value: object) -> dict[str, object]:
        return ReportTable([Column[object](key, lambda row: row)], [value], Metric()).csv_rows()[0]

    assert row("interval", (1.0, 2.0)) == {"low": 1.0, "high": 2.0}
    assert row("gain_interval", None) == {"gain_low": None, "gain_high": None}
    assert row("over", {"n": 3, "interval": (1.0, 2.0)}) == {"over_n": 3, "over_low": 1.0, "over_high": 2.0}
    assert row("left_out", ["x", "y"]) == {"left_out": "x | y"}
    assert row("left_out", []) == {"left_out": ""}


@pytest.mark.parametrize(
    ("columns", "groups"),
    [(arm_columns.ARM_COLUMNS, {"main", "tuning"}), (pair_columns.PAIR_COLUMNS, {"main", "beside"})],
    ids=["arms", "pairs"],
)
def test_no_column_is_lost_under_anothers_name_or_in_a_group_that_no_file_shows(
    columns: tuple[Column[object], ...], groups: set[str]
) -> None:
    keys = [column.key for column in columns if column.key]
    names = [name for column in columns if (name := column.key if column.csv is None else column.csv)]
    assert len(keys) == len(set(keys)) > 15
    assert len(names) == len(set(names)) > 15
    assert {column.group for column in columns} == groups
