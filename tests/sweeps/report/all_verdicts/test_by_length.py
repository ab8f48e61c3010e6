"""The command that draws studies over the length of training."""

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cvae.errors import InputError
from sweeps.report.all_verdicts.by_length import app
from tests.sweeps.report.all_verdicts.test_length_studies import long, short


def drawn(*arguments: str) -> tuple[str, BaseException | None]:
    done = CliRunner().invoke(app, list(arguments))
    return done.output, done.exception


def test_the_figure_its_points_and_its_caption(tmp_path: Path) -> None:
    out = tmp_path / "over.svg"
    said, fault = drawn(long(tmp_path), short(tmp_path), "--reference", "constant", "--out", str(out))
    assert fault is None
    assert said.startswith(f"{out}: The advantage over constant by length of training. Arm minus constant;")
    assert ElementTree.fromstring(out.read_text(encoding="utf-8")).tag.endswith("svg")
    with out.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["arm"], row["updates"], row["difference"], row["verdict"]) for row in rows] == [
        ("cyclical", "250", "0.5", "better"),
        ("sigmoid", "250", "-0.25", "worse"),
        ("cyclical", "1000", "0.1", "undecided"),
    ]


def test_the_same_verdicts_give_the_same_bytes(tmp_path: Path) -> None:
    outs = tmp_path / "a.svg", tmp_path / "b.svg"
    for out in outs:
        drawn(short(tmp_path), long(tmp_path), "--reference", "constant", "--out", str(out))
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize("name", ["over.png", "over", "none/over.svg"])
def test_a_figure_that_cannot_be_written_is_one_line(name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    _, fault = drawn(short(tmp_path), long(tmp_path), "--reference", "constant", "--out", str(out))
    assert isinstance(fault, InputError)
    assert str(out.with_suffix("")) in str(fault)
    assert not out.exists()
