"""The report's files: rendered first, written last."""

from pathlib import Path

from cvae.errors import InputError
from cvae.files import write_atomically
from sweeps.report.analysis import Analysis
from sweeps.report.output.html import render_files
from sweeps.report.output.latex import paper_table


def write_report(analysis: Analysis, pictures: bool = True, paper: bool = False) -> Path:
    """Write `report/` into the experiment's folder and return the page's path.

    Everything is rendered before the first file is touched; each file is replaced whole, the page last.

    Raises:
        InputError: a file cannot be written.
    """
    files = render_files(analysis, pictures)
    if paper:
        files["tables/paper.tex"] = paper_table(analysis).encode()
    folder = analysis.experiment.folder / "report"
    try:
        for name in ("tables", "figures"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from error
    for name, content in files.items():
        write_atomically(folder / name, content)
    return folder / "index.html"
