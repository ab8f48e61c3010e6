"""Compare an experiment's arms, which is better, by how much, how sure: `analyze.py`, `cvae-analyze`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import ShowVersion, new_command, run_command
from cvae.errors import InputError

app = new_command()


@app.command()
def analyze(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...",
            help="An experiment's folder, runs/NAME as run_sweep.py wrote it, or its NAME; "
            "two are compared with each other.",
        ),
    ] = None,
    paper: Annotated[bool, typer.Option("--paper", help="Write tables/paper.tex too, a LaTeX table.")] = False,
    pictures: Annotated[bool, typer.Option(help="Write every figure as SVG, PNG and CSV into report/figures.")] = True,
    wandb: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="First import an experiment that this project mirrored: ENTITY/PROJECT or ENTITY/PROJECT/EXPERIMENT, "
            "or a folder of offline runs (offline-run-*). Runs of other trainers: python -m sweeps.wandb_import.",
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Where imported runs, or the report on several folders, are written.")
    ] = None,
    version: ShowVersion = False,
) -> None:
    """Say which arm of an experiment is better, by how much and how sure that is.

    Reads the finished runs in runs/NAME, prints the verdict and writes runs/NAME/report/: index.html (self-contained,
    opens without a network), report.md, verdict.json, tables/*.csv and figures/. A sweep that is still running is
    reported as far as it has come.
    """
    if wandb is not None:
        from sweeps.wandb_import import KeyMapping, import_runs

        folders = [*(folders or []), import_runs(wandb, into, KeyMapping())]
    if not folders:
        raise InputError("give an experiment's folder, such as runs/kl-annealing, or --wandb")
    report(folders, into if wandb is None else None, paper, pictures)


def report(folders: list[Path], into: Path | None, paper: bool, pictures: bool) -> None:
    """Analyse, print and write; several folders are compared with each other."""
    from sweeps.experiment_folder import find_experiment
    from sweeps.report import conclude_from
    from sweeps.report.output import print_verdict, write_report

    folders = [folder if folder.exists() else find_experiment(folder, Path("runs")) for folder in folders]
    analysis = conclude_from(folders, into)
    print_verdict(analysis, write_report(analysis, pictures, paper))


#: Runs the command line and ends the process.
main = partial(run_command, app)
