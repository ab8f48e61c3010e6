"""Figures as files, and what they hold."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image

from sweeps.report.analysis import analyse
from sweeps.report.figures.all_figures import figures_of
from sweeps.report.figures.figure import csv_bytes, figure_files, in_light_colours
from sweeps.report.output.write import render_files
from tests.sweeps.report.planted import Planted

GROUPS = (
    "differences",
    "chances",
    "means",
    "survival",
    "seeds",
    "confirm",
    "frames",
    "plane",
    "maps",
    "clips",
    "found",
    "region",
    "tuned",
    "tune",
)


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    arms = {"constant": 0.0, "mono <b>&": 0.2}
    return analyse(Planted(arms, n_trials=9, measured=True).write(tmp_path_factory.mktemp("figures")))


@pytest.fixture(scope="module")
def figures(analysis):
    return figures_of(analysis)


def test_every_kind_of_figure_is_there(figures):
    assert tuple(figures) == GROUPS
    assert figures["survival"] == []  # all live
    assert all(group for name, group in figures.items() if name != "survival"), {
        name: len(group) for name, group in figures.items()
    }
    assert [figure.id for figure in figures["confirm"]] == [
        f"confirm-{k}" for k in ("metric", "kl", "beta", "tfr", "lr")
    ]
    assert len(figures["maps"]) == 2


def test_a_figure_is_written_as_svg_png_and_csv(figures):
    for figure in (figures["differences"][0], figures["maps"][1], figures["confirm"][1]):
        files = figure_files(figure)
        assert sorted(files) == [f"figures/{figure.id}.{kind}" for kind in ("csv", "png", "svg")]
        svg = files[f"figures/{figure.id}.svg"].decode()
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert "var(--" not in svg
        assert Image.open(io.BytesIO(files[f"figures/{figure.id}.png"])).width > 1000
        rows = list(csv.DictReader(io.StringIO(files[f"figures/{figure.id}.csv"].decode())))
        assert len(rows) == len(figure.rows()) > 3


def test_an_unknown_colour_is_no_silent_black():
    with pytest.raises(KeyError):
        in_light_colours("var(--nosuch)")


def test_the_legend_reaches_every_figure_that_has_arms(analysis, figures):
    reached = 0
    for figure in (figure for group in figures.values() for figure in group):
        text = json.dumps(figure.spec)
        assert {"name": "hidden", "value": []} in figure.spec["params"]
        if '"field": "arm"' in text:
            reached += 1
            assert "indexof(hidden, datum.arm)" in text, figure.id
    assert reached > 12
    page = render_files(analysis, pictures=False)["index.html"].decode()
    assert 'data-arm="mono &lt;b&gt;&amp;"' in page
    assert page.count('data-arm="constant"') >= 4


def test_heat_maps_share_a_scale_and_sort_by_kl(figures):
    scales = [re.search(r'"domain": \[0, ([\d.e+-]+)\]', json.dumps(f.spec))[1] for f in figures["maps"]]
    assert len(set(scales)) == 1
    rows = figures["maps"][0].rows()
    first = [row["kl"] for row in rows if row["step"] == 1]
    assert first == sorted(first, reverse=True)
    assert first[0] > first[-1]


def test_diagnostics_fill_a_table_and_their_absence_is_said(analysis, tmp_path):
    page = render_files(analysis, pictures=False)["index.html"].decode()
    for words in ("active units", "mutual information", "z from the posterior", "shuffled actions psnr"):
        assert words in page, words
    without = analyse(Planted({"a": 0.0, "b": 0.1}).write(tmp_path))
    assert "kept no diagnostics" in render_files(without, pictures=False)["index.html"].decode()


def test_odd_diagnostics_are_left_out(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.1}, measured=True).write(tmp_path)
    odd = {"kl_per_step_and_dimension": [[1.0], [1.0, 2.0]], "psnr_per_frame": {"prior": None}, "diversity": 3}
    for path in folder.glob("a/*/diagnostics.json"):
        path.write_text(json.dumps(odd))
    assert len(figures_of(analyse(folder))["maps"]) == 1


def test_many_runs_are_thinned(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.1}, n_seeds=40, n_evals=300).write(tmp_path)
    figure = next(figure for figure in figures_of(analyse(folder))["confirm"] if figure.id == "confirm-metric")
    assert "60 of the runs" in figure.caption
    assert len(figure.rows()) < 7000


FORMULAS = (
    "=1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    " =1",
    "  @x",
    "\u00a0+1",
    "\u3000=1",
    "\uff1d1",
    " \uff0b1",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_table_is_a_formula_nor_is_its_heading(text):
    # spreadsheets pass over blanks before one, and read the first line as any other
    header, row = csv.reader(io.StringIO(csv_bytes([{"arm": text, text: 1.5}], ("arm",)).decode()))
    for cell in (header[1], row[0]):
        assert cell.startswith("'")
        assert cell.rstrip().endswith(text.strip())
    assert (header[0], row[1]) == ("arm", "1.5")


def test_a_number_below_zero_is_a_number():
    assert csv_bytes([{"difference": -0.5}]) == b"difference\n-0.5\n"
