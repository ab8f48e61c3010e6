"""Import a table of results: `python -m sweeps.csv_import FILE --margin 0.1 --into runs/NAME`."""

from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from sweeps.csv_import.csv_importer import ScoreMeaning, import_csv

app = new_command()


@app.command()
def import_table(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV: arm, seed, score (status, clip, phase), or seed and a column for each arm."
        ),
    ],
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write.  [default: runs/FILE-imported]")
    ] = None,
    metric: Annotated[str, typer.Option(help="What the scores are; psnr is in dB.")] = "score",
    direction: Annotated[str, typer.Option(help="Which way is better: maximize or minimize.")] = "maximize",
    margin: Annotated[float | None, typer.Option(help="Differences below it do not matter.")] = None,
) -> None:
    """Import a table of results into an experiment's folder that analyze.py reads.

    One line a result (columns arm, seed, score; if you like status, clip and phase, tune or confirm), or one line a
    seed (columns seed and one for each arm; an empty cell is a run that was not made). A status is finished, diverged,
    failed, infeasible or stopped; a score of nan is a run that broke down.
    """
    folder = import_csv(file, into, ScoreMeaning(metric, direction, margin))
    print(f"{folder}: {len(list(folder.glob('*/*/run.json')))} runs")
    print(f"next: python analyze.py {folder}")


if __name__ == "__main__":
    run_command(app)
