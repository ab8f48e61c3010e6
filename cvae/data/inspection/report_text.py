"""An inspection as people read it in a terminal."""

from collections.abc import Iterator

from rich.table import Table

from cvae.data.inspection.inspect_source import Inspection
from cvae.data.sources import Recorded

MOST_PROBLEMS_SHOWN = 20


def report_parts(report: Inspection) -> Iterator[str | Table]:
    """What the source holds, and what was measured of it."""
    yield f"source: {report.source.source} ({report.source.location})"
    if report.side:
        yield f"frames: {report.side}x{report.side} pixels"
    stride = report.source.stride
    yield f"clips:  {'one per episode' if stride is None else f'one every {stride} frames'}"
    made = report.source.made_splits() if isinstance(report.source, Recorded) else {}
    for split, rule in made.items():
        yield f"made:   {rule.describe(split)}"
    yield _split_table(report)
    yield from report.scale.tables()
    yield from report.measured()


def verdict_lines(report: Inspection) -> Iterator[str]:
    """Warnings, problems, and what they come to."""
    for warning in report.warnings:
        yield f"warning: {warning}"
    for problem in report.problems[:MOST_PROBLEMS_SHOWN]:
        yield f"problem: {problem}"
    n = len(report.problems)
    if n:
        left_out = f", {MOST_PROBLEMS_SHOWN} shown" if n > MOST_PROBLEMS_SHOWN else ""
        yield f"{n} problem{'' if n == 1 else 's'} found{left_out}: this data cannot be trained on"
    else:
        yield "no problems found"


def _split_table(report: Inspection) -> Table:
    lengths = {report.needs.length_of(split) for split in report.splits}
    same = f" of {next(iter(lengths))}" if len(lengths) == 1 else ""
    table = Table("split", "episodes", "frames each", f"clips{same}")
    for split, of_split in report.splits.items():
        clips = str(of_split.n_clips) + ("" if same else f" of {report.needs.length_of(split)}")
        table.add_row(split, str(len(of_split.lengths)), _span(of_split.lengths), clips)
    return table


def _span(lengths: list[int]) -> str:
    if not lengths:
        return "-"
    low, high = min(lengths), max(lengths)
    return str(low) if low == high else f"{low} to {high}"
