"""A table in a page between `<!-- measured: NAME -->` and `<!-- end -->`, made from a benchmark's last record.

What a record or a row lacks, as an older one may, is left empty.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.records import read_results

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
COLUMNS = ("what", "baseline", "ours", "ratio", "spread", "load", "note")
#: The one table that is of simulated studies, which no machine's load changes: kept apart.
SIMULATED, SIMULATED_FILE = "verdict_cost", ROOT / "benchmarks" / "verdict-cost.json"


def rewritten(page: str, results: Mapping[str, Any] | None = None) -> str:
    """Return a page's text with every measured table as the records give it, by default the committed ones."""
    found = read_results() if results is None else results
    return BLOCK.sub(lambda m: m[1] + "\n" + "\n".join(lines_of(m[2], found)) + "\n\n" + m[3], page)


def lines_of(name: str, results: Mapping[str, Any]) -> list[str]:
    """Return the lines of a benchmark's table, above it how it was measured."""
    if name == SIMULATED:
        kept = json.loads(SIMULATED_FILE.read_text())
        return list(_table(list(kept["rows"][0]), [list(row.values()) for row in kept["rows"]]))
    if name not in results:
        return ["Not in the record yet."]
    rows = results[name].get("rows", [])
    shown = [column for column in COLUMNS if column in COLUMNS[:4] or any(_cell(row, column) for row in rows)]
    return [conditions(results[name]), "", *_table(shown, [[_cell(row, column) for column in shown] for row in rows])]


def conditions(kept: Mapping[str, Any]) -> str:
    """Return on what and when a record was measured, as a sentence."""
    machine = kept.get("machine", {})
    commit = (kept.get("run") or machine).get("git_commit")
    cores, threads, load = machine.get("cores"), machine.get("threads"), machine.get("load")
    parts = (
        machine.get("date"),
        machine.get("processor"),
        f"{cores} cores" if cores else None,
        f"{threads} threads" if threads else None,
        "bf16" if machine.get("bf16") else None,
        f"PyTorch {machine['versions']['torch']}" if machine.get("versions", {}).get("torch") else None,
        machine.get("clock"),
        f"load {load[0]:g} at the start" if load else None,
        f"commit {commit[:7]}" if commit else None,
    )
    return f"Measured: {', '.join(part for part in parts if part)}."


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"| {' | '.join('---' for _ in headings)} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"


def _cell(row: Mapping[str, Any], column: str) -> str:
    if column == "note":
        return "; ".join(filter(None, (row.get("marked"), row.get("note"))))
    return _words(row.get(column))


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " - ".join(map(_words, value))
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "" if value is None else str(value)
