"""Secondary metrics in every file of the report: their numbers, marked as such, and no verdict."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from sweeps.report.analysis import Analysis, analyse
from sweeps.report.output.terminal import plain_lines
from sweeps.report.output.write import render_files
from sweeps.report.rows import secondary_columns
from sweeps.report.rows.column import Column, in_decimals
from tests.sweeps.report.planted import Planted

ALSO = ("val/energy_db", {"name": "val/kl", "direction": "none"}, "val/crps", {"name": "val/ssim", "margin": 0.5})
BESIDE = {
    "energy_db": {"a": 17.5, "b|c": 20.0},
    "kl": {"a": 0.5, "b|c": 3.9},
    "ssim": {"a": 0.9, "b|c": 0.91},
}


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    planted = Planted({"a": 0.4, "b|c": 0.0}, also=ALSO, beside=BESIDE, n_evals=2, kl_of={"a": 0.001})
    return analyse(planted.write(tmp_path))


def texts_of(analysis: Analysis) -> dict[str, str]:
    return {path: data.decode() for path, data in render_files(analysis, pictures=False, paper=True).items()}


def test_every_file_has_the_numbers_and_no_verdict(analysis: Analysis) -> None:
    files, energy = texts_of(analysis), analysis.secondary[0]
    (pair,) = energy.pairs
    secondary = json.loads(files["verdict.json"])["secondary"]
    names = [metric["name"] for metric in secondary["metrics"]]
    assert names == ["val/energy_db", "val/kl", "val/crps", "val/ssim"]
    first = secondary["metrics"][0]
    assert (first["read_as"], first["direction"], first["unit"]) == ("test/energy_db", "maximize", "dB")
    assert first["pairs"][0] | {"interval": None} == {
        "a": "b|c", "b": "a", "n": 6, "difference": pair.test.difference, "interval": None, "within_margin": None,
        "left_out": [],
    }  # fmt: skip
    assert first["pairs"][0]["interval"] == list(pair.test.interval or ())
    assert first["arms"]["a"]["mean"] == energy.arms[0].confirmed.mean
    table = list(csv.DictReader(io.StringIO(files["tables/secondary.csv"])))
    assert [(row["metric"], row["direction"]) for row in table] == [
        ("val/energy_db", "maximize"), ("val/kl", "none"), ("val/crps", "minimize"), ("val/ssim", "maximize")
    ]  # fmt: skip
    assert float(table[0]["difference"]) == pair.test.difference
    assert (float(table[0]["low"]), float(table[0]["high"])) == pair.test.interval
    arms = list(csv.DictReader(io.StringIO(files["tables/secondary_arms.csv"])))
    assert [(row["metric"], row["arm"]) for row in arms[:2]] == [("val/energy_db", "a"), ("val/energy_db", "b|c")]
    row = secondary_columns.secondary_pair_table(analysis.experiment, [energy]).rows[0]
    shown = f"{pair.test.difference:+.{row.decimals}f}"
    section = re.search(r"## Secondary metrics.*?## Checks", files["report.md"], re.DOTALL)
    page = re.search(r'<section id="secondary">.*?</section>', files["index.html"], re.DOTALL)
    assert section is not None
    assert page is not None
    for text in (section[0], page[0], files["tables/paper.tex"].partition("% secondary")[2]):
        assert shown in text
        assert not re.search(r"better|worse|equivalent|undecided|Holm", text)
    assert r"b\|c against a | energy score, dB |" in section[0]


def test_what_no_run_has_and_what_lies_in_a_margin_is_said(analysis: Analysis) -> None:
    files = texts_of(analysis)
    notes = secondary_columns.secondary_notes(analysis.secondary)
    assert notes == [
        "CRPS: no finished confirm run has test/crps",
        "SSIM: the whole interval lies within ±0.5: b|c against a",
    ]
    crps = json.loads(files["verdict.json"])["secondary"]["metrics"][2]
    assert (crps["n_finished"], crps["n_without"], crps["pairs"][0]["difference"]) == (12, 12, None)
    assert notes[0] in files["index.html"]
    assert notes[0] in files["report.md"]


def test_the_sentence_stands_where_people_look(analysis: Analysis) -> None:
    (sentence,) = analysis.disagreements
    assert sentence.endswith("it has collapsed.")
    files = texts_of(analysis)
    assert json.loads(files["verdict.json"])["secondary"]["disagreements"] == [sentence]
    page = files["index.html"]
    assert page.index(sentence) < page.index("<nav>")
    assert sentence.replace("|", "\\|") in files["report.md"].partition("## Pairs")[0]
    assert f"by metrics that decide nothing: {sentence}" in plain_lines(analysis, Path("index.html"))
    assert sentence not in analysis.headline


def test_a_column_stands_in_every_file(analysis: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    # a number that no other column has: the largest difference
    sd = Column("sd", lambda row: row.pair.test.sd, "spread", in_decimals, paper="Spread")
    columns = (*secondary_columns.SECONDARY_PAIR_COLUMNS, sd)
    monkeypatch.setattr(secondary_columns, "SECONDARY_PAIR_COLUMNS", columns)
    files = texts_of(analysis)
    value = analysis.secondary[0].pairs[0].test.sd
    assert json.loads(files["verdict.json"])["secondary"]["metrics"][0]["pairs"][0]["sd"] == value
    assert next(csv.DictReader(io.StringIO(files["tables/secondary.csv"])))["sd"] == str(value)
    assert '<th class="n">spread' in files["index.html"]
    assert "| spread |" in files["report.md"]
    assert "& Spread" in files["tables/paper.tex"]


def test_one_arm_has_means_and_no_pairs(tmp_path: Path) -> None:
    planted = Planted({"only": 0.0}, also=("val/ssim",), beside={"ssim": {"only": 0.9}}, n_seeds=3, n_evals=2)
    files = texts_of(analyse(planted.write(tmp_path)))
    assert files["tables/secondary.csv"].strip() == "metric,direction,a,b,n,difference,low,high"
    assert "| only | SSIM | 0." in files["report.md"]
