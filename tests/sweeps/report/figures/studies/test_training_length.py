"""The advantage against the length of training: what stands where."""

import xml.etree.ElementTree as ElementTree

import pytest

from sweeps.experiment import Metric
from sweeps.report.figures.figure import Figure, Row, svg_of
from sweeps.report.figures.studies.training_length import Advantage, advantage_by_length

ARMS = ["reference", "both", "short", "long"]
DB = Metric(name="val/psnr", margin=0.2)


def point(arm: str, updates: int, difference: float = 0.3, verdict: str = "undecided") -> Advantage:
    return Advantage(arm, updates, difference, difference - 0.1, difference + 0.1, 6, verdict, f"of_{updates}")


POINTS = [
    point("both", 250, 0.5, "better"),
    point("short", 250, -0.4, "worse"),
    point("both", 1000),
    point("long", 1000, verdict="equivalent"),
]


def rows_of(figure: Figure, key: str = "arm") -> list[Row]:
    """Return the marks of one layer: the means, which several layers share."""
    rows = [row for row in figure.rows() if key in row]
    return [row for row in rows if row["layer"] == rows[0]["layer"]]


@pytest.fixture(scope="module")
def figure() -> Figure:
    return advantage_by_length(DB, ARMS, "reference", POINTS, ["Not finished: 1,000 updates."])


def test_a_point_stands_at_its_length_and_covers_no_other(figure: Figure) -> None:
    rows = rows_of(figure)
    assert [(row["arm"], row["updates"], row["difference"]) for row in rows] == [
        (p.arm, p.updates, p.difference) for p in POINTS
    ]
    assert len({row["x"] for row in rows}) == len(rows)
    for row in rows:
        assert row["x"] == pytest.approx(row["updates"], rel=0.2)
    assert [row["decided"] for row in rows] == [True, True, False, False]


def test_the_reference_is_the_zero_line_and_the_margin_a_band(figure: Figure) -> None:
    rows = figure.rows()
    assert any(row.get("y") == -0.2 and row.get("y2") == 0.2 for row in rows)
    assert any(row.get("name") == "reference" and row["y"] == 0 for row in rows)
    without = advantage_by_length(DB.model_copy(update={"margin": None}), ARMS, "reference", POINTS)
    assert not any("y2" in row for row in without.rows())
    assert "Shaded" in figure.caption
    assert "Shaded" not in without.caption


def test_the_legend_names_arms_that_have_a_point_and_the_axis_every_length(figure: Figure) -> None:
    svg = svg_of(figure)
    texts = [element.text for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]
    assert {"both", "short", "long", "250", "1,000", "difference to reference in PSNR (dB)"} <= set(texts)
    assert texts.count("reference") == 1
    assert "var(--" not in svg


def test_the_caption_says_which_way_is_better_and_the_remarks(figure: Figure) -> None:
    assert "higher is better" in figure.caption
    assert figure.caption.endswith("Not finished: 1,000 updates.")
    less = Metric(name="val/mse", direction="minimize")
    assert "lower is better" in advantage_by_length(less, ARMS, "reference", POINTS).caption


def test_a_point_without_an_interval_has_no_bar() -> None:
    lone = Advantage("both", 250, 0.5, None, None, 1, "undecided", "x")
    figure = advantage_by_length(DB, ARMS, "reference", [lone, POINTS[2]])
    bars = next(
        layer for layer in figure.spec["layer"] if layer["mark"].get("type") == "rule" and "y2" in layer["encoding"]
    )
    name = bars["data"]["name"]
    assert [row["updates"] for row in figure.spec["datasets"][name]] == [1000]
    ElementTree.fromstring(svg_of(figure))
