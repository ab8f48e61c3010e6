"""Each pair's interval against the number of its seeds."""

from pathlib import Path

from sweeps.report.figures.figure import svg_of
from sweeps.report.figures.history.seed_by_seed import seed_by_seed
from tests.sweeps.report.steadiness.test_over_blocks import LOOKED, study


def test_a_pair_is_drawn_with_both_bands_and_its_margin(tmp_path: Path) -> None:
    [figure] = seed_by_seed(study(tmp_path, LOOKED))
    rows = figure.rows()
    starts = sorted(
        min(row["n"] for row in rows if row["layer"] == layer) for layer in {r["layer"] for r in rows if "n" in r}
    )
    assert starts == [1, 4, 6]  # means, plain intervals, those for looks
    assert sorted(row["y"] for row in rows if "y" in row) == [-0.1, 0, 0.1]
    assert figure.caption == "By the wide band, no word."
    assert "<path" in svg_of(figure)


def test_the_caption_says_when_the_word_came(tmp_path: Path) -> None:
    [figure] = seed_by_seed(study(tmp_path, (0.9, 1.1, 1.0, 0.85, 1.2, 0.95, 1.0)))
    assert figure.caption == "By the wide band, first word at 6: better."


def test_three_seeds_are_no_history(tmp_path: Path) -> None:
    assert seed_by_seed(study(tmp_path, (0.9, 1.1, 1.0))) == []


def test_one_interval_alone_is_seen(tmp_path: Path) -> None:
    [figure] = seed_by_seed(study(tmp_path, (0.9, 1.1, 1.0, 0.85, 1.2, 0.95)))
    looks, plain = (layer["mark"] for layer in figure.spec["layer"][:2])
    assert (looks["type"], plain["type"]) == ("rule", "area")
    assert 'stroke-width="8"' in svg_of(figure)
