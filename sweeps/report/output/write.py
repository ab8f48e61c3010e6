"""The report's files: rendered first, written last."""

from pathlib import Path

from cvae.errors import InputError
from cvae.files import write_atomically
from sweeps.report.analysis import Analysis
from sweeps.report.figures import figure_files, figures_of
from sweeps.report.output.csv_tables import all_tables
from sweeps.report.output.html import render_page
from sweeps.report.output.latex import paper_table
from sweeps.report.output.markdown import render_markdown
from sweeps.report.output.template_values import template_values
from sweeps.report.output.verdict_json import verdict_json


def write_report(analysis: Analysis, pictures: bool = True, paper: bool = False, into: Path | None = None) -> Path:
    """Write `report/` into a folder, the experiment's own if no other is given, and return the page's path.

    Everything is rendered before the first file is touched; each file is replaced whole, the page last.

    Raises:
        InputError: a file cannot be written.
    """
    files = render_files(analysis, pictures, paper)
    folder = (into or analysis.experiment.folder) / "report"
    try:
        for name in ("tables", "figures"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}); write elsewhere: --into DIR") from error
    for name, content in files.items():
        write_atomically(folder / name, content)
    return folder / "index.html"


def render_files(analysis: Analysis, pictures: bool = True, paper: bool = False) -> dict[str, bytes]:
    """Return path within `report/` -> content, the page last.

    Args:
        analysis: what is reported.
        pictures: whether every figure is drawn as a file too.
        paper: whether there is a LaTeX table.
    """
    figures, shared = figures_of(analysis), template_values(analysis)
    files = {f"tables/{name}": table for name, table in all_tables(analysis).items()}
    texts = {"tables/paper.tex": paper_table(analysis)} if paper else {}
    texts |= {"verdict.json": verdict_json(analysis), "report.md": render_markdown(analysis, shared)}
    files |= {path: text.encode() for path, text in texts.items()}
    for figure in (figure for group in figures.values() for figure in group if pictures):
        files |= figure_files(figure)
    return files | {"index.html": render_page(analysis, shared, figures, has_files=pictures).encode()}
