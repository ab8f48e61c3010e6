"""Import wandb runs: `python -m sweeps.wandb_import SOURCE --into DIR`."""

from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from cvae.console import echo_line
from cvae.places import HoldsPlace
from sweeps.wandb_import.importer import import_runs
from sweeps.wandb_import.mapping import KeyMapping

app = new_command()


@app.command()
def import_from_wandb(
    source: Annotated[
        str,
        HoldsPlace(),
        typer.Argument(metavar="SOURCE", help="ENTITY/PROJECT or ENTITY/PROJECT/GROUP, or a folder of offline runs."),
    ],
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write.  [default: runs/NAME-imported]")
    ] = None,
    metric: Annotated[str, typer.Option(help="History's key that is compared.")] = "val/psnr",
    final: Annotated[
        str | None, typer.Option(help="Summary's key of a score on fresh clips, such as final/test/psnr.")
    ] = None,
    direction: Annotated[str, typer.Option(help="Which way is better: maximize or minimize.")] = "maximize",
    margin: Annotated[float | None, typer.Option(help="Differences below it do not matter.")] = None,
    arm_key: Annotated[str, typer.Option(help="Config's key of the arm, or group, job_type, name.")] = "arm",
    seed_key: Annotated[str, typer.Option(help="Config's key of the seed.")] = "seed",
    step_key: Annotated[str, typer.Option(help="History's key of the step.")] = "_step",
) -> None:
    """Import wandb runs once, with their whole history, into an experiment's folder that analyze.py reads.

    Runs that this project mirrored come back as the record that they were, without options. Of other trainers' runs
    the options say what their keys mean.
    """
    folder = import_runs(source, into, KeyMapping(metric, final, direction, margin, arm_key, seed_key, step_key))
    echo_line(f"{folder}: {len(list(folder.glob('*/*/run.json')))} runs")
    echo_line(f"next: python analyze.py {folder}")


if __name__ == "__main__":
    run_command(app)
