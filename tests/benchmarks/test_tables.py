"""A page's measured table is what the record says, whatever an older record lacks."""

import json
import re
from typing import Any

import pytest

from benchmarks import tables
from benchmarks.tables import blocks

PAGE = "Before.\n\n<!-- measured: one -->\nold\n<!-- end -->\n\nAfter.\n"
ROW = {
    "what": "a step",
    "baseline": "SVG's order: 2 s",
    "ours": "1 s",
    "ratio": 2.0,
    "spread": [1.5, 2.5],
    "note": "three | of them",
    "load": [0.4, 1.2],
    "others": 0.5,
    "marked": "taken under load 1.2",
}


def table_of(row: dict[str, Any], **kept: Any) -> list[str]:
    page = tables.rewritten(PAGE, {"one": {"rows": [row]} | kept})
    assert page.startswith("Before.\n\n<!-- measured: one -->\n")
    assert page.endswith("<!-- end -->\n\nAfter.\n")
    return [line for line in page.splitlines() if line.startswith(("|", "Measured"))]


def test_a_table_says_what_was_measured_and_how() -> None:
    machine = {"date": "2026-01-01", "cores": 2, "load": [0.4, 0.3, 0.2], "versions": {"torch": "2"}, "clock": "wall"}
    run = {"started": "now", "git_commit": "1234567890", "git_dirty": False}
    how, headings, _, row = table_of(ROW, machine=machine, run=run)
    assert how == "Measured: 2026-01-01, 2 cores, PyTorch 2, wall, load 0.4 at the start, commit 1234567."
    assert headings == "| what | baseline | ours | ratio | spread | load | note |"
    marked = "taken under load 1.2; three / of them"
    assert row == f"| a step | SVG's order: 2 s | 1 s | 2 | 1.5 - 2.5 | 0.4 - 1.2 | {marked} |"


@pytest.mark.parametrize("lacking", sorted(ROW))
def test_a_row_that_lacks_something_has_its_place_all_the_same(lacking: str) -> None:
    *_, headings, _, row = table_of({key: value for key, value in ROW.items() if key != lacking})
    assert headings.count("|") == row.count("|")


def test_a_record_that_lacks_everything_is_no_error() -> None:
    assert "| what |" in tables.rewritten(PAGE, {"one": {}})
    assert "Not in the record yet." in tables.rewritten(PAGE, {})


def test_writing_it_again_changes_nothing_and_other_figures_do() -> None:
    once = tables.rewritten(PAGE, {"one": {"rows": [ROW]}})
    assert tables.rewritten(once, {"one": {"rows": [ROW]}}) == once
    assert tables.rewritten(once, {"one": {"rows": [ROW | {"ratio": 2.1}]}}) != once


def test_the_table_of_simulated_studies_is_of_those_that_its_page_says() -> None:
    kept = json.loads(blocks.SIMULATED_FILE.read_text())
    page = (blocks.ROOT / "docs" / "performance.md").read_text()
    n_studies, n_pruned = re.findall(r"([\d,]+) simulated studies of a\s+design, (\d+) where Optuna prunes", page)[0]
    assert (int(n_studies.replace(",", "")), int(n_pruned)) == (kept["studies"], kept["pruned_studies"])
