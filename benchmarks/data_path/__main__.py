"""Whether a training waits for its batches where the packed store does not fit the memory.

python -m benchmarks.data_path              a sixteenth of BAIR's sequences, 1 GB, and a page cache of a quarter of that
python -m benchmarks.data_path --full       all of them, 16 GB
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.data_path.comparison import FULL, PART, rows
from cvae.cli import new_command, run_command

app = new_command()


@app.command()
def print_rows(
    full: Annotated[bool, typer.Option("--full", help=f"all {FULL} sequences, 16 GB")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", exists=True, help="on the disk to measure; the temporary one by default"),
    ] = None,
) -> None:
    """Print what batches of a store larger than memory cost a training; what is written is removed again."""
    for row in rows(FULL if full else FULL // PART, folder):
        print(f"{row.what}: {row.ours}, against {row.baseline}; ratio {row.ratio:.3g}; {row.note}", flush=True)


if __name__ == "__main__":
    run_command(app)
