"""Compare an experiment's arms: which is better, by how much, how sure are we.

python analyze.py runs/kl-annealing
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cvae.errors import InputError


def main(
    folder: Annotated[Path, typer.Argument(help="An experiment's folder: runs/NAME, as run_sweep.py wrote it.")],
) -> None:
    """Say which arm of an experiment is better, by how much and how sure that is.

    Reads the finished runs in runs/NAME, prints the verdict and writes runs/NAME/report/: index.html (self-contained,
    opens without a network), report.md, verdict.json and tables/*.csv. A sweep that is still running is reported as
    far as it has come.
    """
    from sweeps.report.analysis import analyse  # here, so that --help answers at once
    from sweeps.report.terminal import print_verdict
    from sweeps.report.write import write_report

    try:
        analysis = analyse(folder)
        print_verdict(analysis, write_report(analysis))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    app = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
    )
    app.command()(main)
    app()
