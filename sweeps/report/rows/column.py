"""A table of the report as its columns: each says where a number is read, what it is called and how it is printed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from sweeps.experiment import Metric
from sweeps.report.statistics import Interval
from sweeps.report.wording import DASH, format_interval, format_number

R = TypeVar("R")

#: Where people read a table.
Medium = Literal["page", "markdown", "paper"]

#: The table in which a column stands where a page has several: `main` has what to look at first, `tuning` how an arm
#: was found, `beside` measures of a pair that decide nothing.
Group = Literal["main", "tuning", "beside"]

#: How a cell looks: a number, the one to look at, a number with its interval, a verdict.
Style = Literal["number", "main", "wide", "verdict"]


class _Rounded(Protocol):
    @property
    def decimals(self) -> int: ...


def as_text(value: object, _row: object) -> str:
    """Return a value as it is; a dash for None."""
    return DASH if value is None else str(value)


def in_decimals(value: float | None, row: _Rounded) -> str:
    """Return a number in the decimals of its row."""
    return format_number(value, row.decimals)


def signed(value: float | None, row: _Rounded) -> str:
    """Return a difference in the decimals of its row."""
    return format_number(value, row.decimals, signed=True)


def between(value: Interval | None, row: _Rounded) -> str:
    """Return an interval in the decimals of its row."""
    return format_interval(value, row.decimals)


@dataclass(frozen=True)
class Column(Generic[R]):
    """One number of every row: its names, where it is read, and how it is printed.

    Titles may name `{metric}`, `{comma_unit}` (`, dB`) and `{unit_in_brackets}` (` (dB)`). An interval becomes two
    columns of a CSV file, a mapping one for each of its keys, a list one text.
    """

    key: str  # in verdict.json; empty: not there
    read: Callable[[R], Any]  # the value as programs get it, unrounded
    title: str = ""  # on the page and in Markdown; empty: not there
    show: Callable[[Any, R], str] = as_text  # of (value, row)
    group: Group = "main"
    style: Style = "number"
    csv: str | None = None  # the name in a CSV file where it is not the key; empty: not there
    page: str | None = None  # the title on the page where it is another; empty: not there
    markdown: str | None = None  # the same in Markdown
    paper: str = ""  # the title in LaTeX; empty: not there

    def title_in(self, medium: Medium, metric: Metric) -> str:
        """Return the column's title; empty where it does not stand."""
        titles = {"page": self.page, "markdown": self.markdown, "paper": self.paper}
        title = self.title if titles[medium] is None else titles[medium]
        comma_unit, in_brackets = (f", {metric.unit}", f" ({metric.unit})") if metric.unit else ("", "")
        return (title or "").format(metric=metric.label, comma_unit=comma_unit, unit_in_brackets=in_brackets)


@dataclass(frozen=True)
class TextCell:
    """What a cell says, and how it looks."""

    text: str
    style: Style = "number"

    @property
    def is_right(self) -> bool:
        """The text stands at the right of its column."""
        return self.style in ("number", "main")


@dataclass(frozen=True)
class TextRow(Generic[R]):
    """A row as people read it; `of` is what it speaks of."""

    of: R
    cells: tuple[TextCell, ...]


@dataclass(frozen=True)
class TextTable(Generic[R]):
    """A table as people read it."""

    titles: tuple[TextCell, ...]
    rows: tuple[TextRow[R], ...]


@dataclass(frozen=True)
class ReportTable(Generic[R]):
    """Rows under their columns: values for programs, text for people."""

    columns: Sequence[Column[R]]
    rows: Sequence[R]
    metric: Metric

    def values(self, *groups: Group) -> list[dict[str, Any]]:
        """Return key -> value of each row for verdict.json; of every group where none is named."""
        return [{column.key: column.read(row) for column in self._of(groups) if column.key} for row in self.rows]

    def csv_rows(self) -> list[dict[str, Any]]:
        """Return name -> value of each row for a CSV file."""
        named = [(column.key if column.csv is None else column.csv, column.read) for column in self.columns]
        return [
            {key: value for name, read in named if name for key, value in _flat(name, read(row)).items()}
            for row in self.rows
        ]

    def text(self, medium: Medium, *groups: Group) -> TextTable[R]:
        """Return the columns that have a title in a medium, as text; of every group where none is named."""
        shown = [(c, title) for c in self._of(groups) if (title := c.title_in(medium, self.metric))]
        return TextTable(
            titles=tuple(TextCell(title, column.style) for column, title in shown),
            rows=tuple(
                TextRow(row, tuple(TextCell(column.show(column.read(row), row), column.style) for column, _ in shown))
                for row in self.rows
            ),
        )

    def text_of(self, row: R, key: str) -> str:
        """Return one number of a row as text."""
        column = next(column for column in self.columns if column.key == key)
        return column.show(column.read(row), row)

    def _of(self, groups: Sequence[Group]) -> list[Column[R]]:
        return [column for column in self.columns if not groups or column.group in groups]


def _flat(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {key: v for k, inner in value.items() for key, v in _flat(f"{name}_{k}", inner).items()}
    if name.endswith("interval"):
        low, high = value or (None, None)
        prefix = name.removesuffix("interval")
        return {f"{prefix}low": low, f"{prefix}high": high}
    return {name: " | ".join(value) if isinstance(value, list) else value}
