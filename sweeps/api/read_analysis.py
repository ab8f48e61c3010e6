"""A comparison for scripts and notebooks: its verdict, its tables as data frames, its figures."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cvae.errors import InputError, nearest
from sweeps.experiment_folder import find_experiment
from sweeps.report import Analysis, conclude_from
from sweeps.report.figures import Figure, figures_of, svg_of
from sweeps.report.output import table_rows, write_report
from sweeps.report.rows import TextTable, arm_table, pair_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReadAnalysis:
    """What follows from an experiment's runs; `whole` has everything that the report is written from."""

    whole: Analysis

    @classmethod
    def of(cls, *folders: str | PathLike[str], runs: str | PathLike[str] = "runs") -> Self:
        """Return what follows from an experiment's runs, or from those of several compared; writes nothing.

        Args:
            folders: experiments' folders, or their names.
            runs: folder in which names are looked for.

        Raises:
            InputError: there is no such experiment, or it cannot be read.
        """
        if not folders:
            raise InputError("give an experiment's folder or name")
        given = [Path(folder) for folder in folders]
        return cls(conclude_from([path if path.is_dir() else find_experiment(path, Path(runs)) for path in given]))

    @property
    def folder(self) -> Path:
        """The experiment's folder."""
        return self.whole.experiment.folder

    @property
    def verdict(self) -> str:
        """The answer in one sentence, as the report gives it."""
        return self.whole.headline

    @property
    def arms(self) -> list[dict[str, Any]]:
        """One row an arm, unrounded: `arms.csv` of the report."""
        return self.rows("arms")

    @property
    def pairs(self) -> list[dict[str, Any]]:
        """One row a pair of arms, difference and verdict: `pairs.csv` of the report."""
        return self.rows("pairs")

    @property
    def checks(self) -> list[tuple[str, str, str]]:
        """What could make the verdict mean less: (level, title, detail), level being pass, warn or fail."""
        return [(check.level, check.title, check.detail) for check in self.whole.checks]

    @property
    def figures(self) -> Mapping[str, "ShownFigure"]:
        """The report's figures by their names, such as `differences`; each shows itself in a notebook."""
        return {figure.id: ShownFigure(figure) for group in figures_of(self.whole).values() for figure in group}

    def tables(self) -> list[str]:
        """Return the names of the tables: the CSV files of the report (docs/report.md) without their ending."""
        return list(table_rows(self.whole))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return a table as one mapping a row.

        Raises:
            InputError: there is no such table; says which there are.
        """
        known = table_rows(self.whole)
        if table not in known:
            close = f"did you mean '{near}'? " if (near := nearest(table, known)) else ""
            raise InputError(f"there is no table '{table}'; {close}known: {', '.join(known)}")
        return list(known[table])

    def frame(self, table: str) -> "pd.DataFrame":
        """Return a table as a pandas data frame.

        Raises:
            InputError: there is no such table, or pandas is not installed.
        """
        rows = self.rows(table)
        try:
            import pandas as pd
        except ImportError as error:
            raise InputError("data frames need pandas: pip install pandas; rows() gives the same as a list") from error
        return pd.DataFrame(rows)

    def write(self) -> Path:
        """Write the report into the experiment's folder and return its page, `report/index.html`."""
        return write_report(self.whole)

    def _repr_html_(self) -> str:
        experiment = self.whole.experiment
        arms = arm_table(experiment, self.whole.arms).text("page", "main")
        pairs = pair_table(experiment, self.whole.pairs).text("page", "main")
        trouble = [
            f"<li>{html.escape(f'{level}: {title}: {what}')}" for level, title, what in self.checks if level != "pass"
        ]
        parts = [f"<p><b>{html.escape(self.verdict)}</b></p>", _as_html(arms), _as_html(pairs)]
        return "".join([*parts, f"<ul>{''.join(trouble)}</ul>" if trouble else ""])


@dataclass(frozen=True)
class ShownFigure:
    """A figure of the report; `spec` is its Vega-Lite specification, data inside."""

    figure: Figure

    @property
    def title(self) -> str:
        """What it shows."""
        return self.figure.title

    @property
    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification."""
        return self.figure.spec

    def rows(self) -> list[dict[str, Any]]:
        """Return the data that is drawn."""
        return self.figure.rows()

    def svg(self) -> str:
        """Return the figure as SVG, on white."""
        return svg_of(self.figure)

    def _repr_html_(self) -> str:
        return f"<figure>{self.svg()}<figcaption>{html.escape(self.figure.caption)}</figcaption></figure>"


def _as_html(table: TextTable[Any]) -> str:
    head = "".join(f"<th>{html.escape(cell.text)}" for cell in table.titles)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell.text)}" for cell in row.cells) for row in table.rows)
    return f"<table><tr>{head}{rows}</table>"


#: `sweeps.analyse`: the reading of folders, or of names.
analyse = ReadAnalysis.of
