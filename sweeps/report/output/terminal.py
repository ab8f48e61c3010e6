"""The verdict on the terminal: coloured for people, plain for pipes."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sweeps.report.analysis import Analysis
from sweeps.report.output.rows import pair_cells

_STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "better": "green", "worse": "red"}


def print_verdict(analysis: Analysis, page: Path) -> None:
    """Print the verdict in words first and the page's path last."""
    if not sys.stdout.isatty():
        print("\n".join(plain_lines(analysis, page)))
        return
    console = Console(highlight=False)
    console.print(Text(analysis.headline, style="bold"))
    if analysis.pairs:
        console.print(_pair_table(analysis))
    for guard in analysis.guards:
        if guard.level != "pass":
            console.print(Text.assemble((guard.level, _STYLES[guard.level]), f"  {guard.title}: {guard.detail}"))
    console.print(Text(str(page)), soft_wrap=True)


def plain_lines(analysis: Analysis, page: Path) -> list[str]:
    """Return the same without colour, one thing a line."""
    metric = analysis.experiment.plan.metric
    pairs = [pair_cells(metric, pair) for pair in analysis.pairs]
    unit = f" {metric.unit}" if metric.unit else ""
    return [
        analysis.headline,
        *(f"{p.a} - {p.b}: {p.difference}{unit}, 95% {p.interval}, n = {p.n}, {p.verdict}" for p in pairs),
        *(f"{guard.level}: {guard.title}: {guard.detail}" for guard in analysis.guards if guard.level != "pass"),
        str(page),
    ]


def _pair_table(analysis: Analysis) -> Table:
    metric = analysis.experiment.plan.metric
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("a", "b", "a is"):
        table.add_column(title)
    for title in ("a - b", "95% interval", "seeds"):
        table.add_column(title, justify="right")
    for pair in analysis.pairs:
        cells = pair_cells(metric, pair)
        numbers = (cells.difference, cells.interval, str(cells.n))
        verdict = Text(cells.verdict, style=_STYLES.get(cells.verdict, ""))
        # As Text, so that a name in square brackets is no markup.
        table.add_row(Text(cells.a), Text(cells.b), verdict, *map(Text, numbers))
    return table
