"""The verdict on the terminal: coloured for people, plain for pipes."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from cvae.console import echo_lines, new_console, printable
from sweeps.report.analysis import Analysis
from sweeps.report.rows import pair_table

_STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "better": "green", "worse": "red"}


def print_verdict(analysis: Analysis, page: Path) -> None:
    """Print the verdict in words first and the page's path last."""
    if not sys.stdout.isatty():
        echo_lines(plain_lines(analysis, page))
        return
    console = new_console()
    console.print(Text(analysis.headline, style="bold"))
    if analysis.pairs:
        console.print(_pair_table(analysis))
    for sentence in analysis.disagreements:
        console.print(Text(f"By metrics that decide nothing: {sentence}"))
    for check in analysis.checks:
        if check.level != "pass":
            console.print(Text.assemble((check.level, _STYLES[check.level]), f"  {check.title}: {check.detail}"))
    console.print(Text(str(page)), soft_wrap=True)


def plain_lines(analysis: Analysis, page: Path) -> list[str]:
    """Return the same without colour, one thing a line."""
    metric = analysis.experiment.plan.metric
    unit = f" {metric.unit}" if metric.unit else ""
    pairs = (
        f"{a} - {b}: {difference}{unit}, 95% {interval}, n = {n}, {verdict}"
        for a, b, verdict, difference, interval, n in _pairs(analysis)
    )
    checks = (f"{check.level}: {check.title}: {check.detail}" for check in analysis.checks if check.level != "pass")
    disagreements = (f"by metrics that decide nothing: {sentence}" for sentence in analysis.disagreements)
    return [analysis.headline, *pairs, *disagreements, *checks, str(page)]


def _pairs(analysis: Analysis) -> Iterator[list[str]]:
    """Yield what the terminal says of each pair, the numbers last."""
    table = pair_table(analysis.experiment, analysis.pairs)
    keys = ("a", "b", "verdict", "difference", "interval", "n")
    yield from ([printable(table.text_of(row, key)) for key in keys] for row in table.rows)


def _pair_table(analysis: Analysis) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("a", "b", "a is"):
        table.add_column(title, overflow="fold")
    for title in ("a - b", "95% interval", "seeds"):
        table.add_column(title, justify="right", overflow="fold")
    for a, b, verdict, *numbers in _pairs(analysis):
        # As Text, so that a name in square brackets is no markup.
        table.add_row(Text(a), Text(b), Text(verdict, style=_STYLES.get(verdict, "")), *map(Text, numbers))
    return table
