"""Compare an experiment's arms, which is better, by how much, how sure: `analyze.py`, `cvae-analyze`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import ShowVersion, new_command, run_command
from cvae.errors import InputError
from cvae.places import HoldsPlace

app = new_command()


AllOf = Annotated[
    Path | None,
    typer.Option("--all", metavar="DIR", help="One page over all verdicts in DIR, such as runs/, and nothing else."),
]


SomeRuns = Annotated[
    bool,
    typer.Option(
        "--runs", help="The folders are runs, runs/NAME/ARM/RUN: their curves and strips beside each other, no verdict."
    ),
]


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
        HoldsPlace(),
        typer.Option(
            metavar="SOURCE",
            help="First import an experiment that this project mirrored: ENTITY/PROJECT or ENTITY/PROJECT/EXPERIMENT, "
            "or a folder of offline runs (offline-run-*). Runs of other trainers: python -m sweeps.wandb_import.",
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="First import a table of results: columns arm, seed, score, or seed and one for each arm. "
            "Other metrics than one of which more is better: python -m sweeps.csv_import.",
        ),
    ] = None,
    margin: Annotated[float | None, typer.Option(help="With --csv: differences below it do not matter.")] = None,
    all_of: AllOf = None,
    some_runs: SomeRuns = False,
    into: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where imported runs are written, or report/ if not into the given folder."),
    ] = None,
    version: ShowVersion = False,
) -> None:
    """Say which arm of an experiment is better, by how much and how sure that is.

    Reads the finished runs in runs/NAME, prints the verdict and writes runs/NAME/report/: index.html (self-contained,
    opens without a network), report.md, verdict.json, tables/*.csv and figures/. A sweep that is still running is
    reported as far as it has come.
    """
    if some_runs:
        if all_of or wandb or csv or margin or paper:
            raise InputError("--runs draws run folders; of other options only --into goes with it")
        show_runs(folders or [], into)
        return
    if all_of is not None:
        if folders or wandb or csv or margin or paper:
            raise InputError("--all reads the verdicts that are there; of other options only --into goes with it")
        report_all(all_of, into)
        return
    folders = [*(folders or []), *imported(wandb, csv, margin, into)]
    if not folders:
        raise InputError("give an experiment's folder, such as runs/kl-annealing, or --csv, --wandb or --all")
    report(folders, None if wandb or csv else into, paper, pictures)


def imported(wandb: str | None, csv: Path | None, margin: float | None, into: Path | None) -> list[Path]:
    """Import what is asked for and return the folders it was written to.

    Raises:
        InputError: options contradict each other, or what they name cannot be imported.
    """
    if margin is not None and csv is None:
        raise InputError("--margin belongs to --csv; an experiment declares its own before it is launched")
    if csv is not None and wandb is not None:
        raise InputError("give --csv or --wandb: each import has a folder of its own")
    if wandb is not None:
        from sweeps.wandb_import import KeyMapping, import_runs

        return [import_runs(wandb, into, KeyMapping())]
    if csv is not None:
        from sweeps.csv_import import ScoreMeaning, import_csv

        return [import_csv(csv, into, ScoreMeaning(margin=margin))]
    return []


def report(folders: list[Path], into: Path | None, paper: bool, pictures: bool) -> None:
    """Analyse, print and write; several folders are compared with each other."""
    from sweeps.experiment_folder import find_experiment
    from sweeps.report import conclude_from
    from sweeps.report.output import print_verdict, write_report

    folders = [folder if folder.exists() else find_experiment(folder, Path("runs")) for folder in folders]
    analysis = conclude_from(folders, into)
    print_verdict(analysis, write_report(analysis, pictures, paper, into))


def show_runs(folders: list[Path], into: Path | None) -> None:
    """Write one page of some runs beside each other, and print its path."""
    from sweeps.report.run_pages import write_runs_page

    print(write_runs_page(folders, into or Path()))


def report_all(folder: Path, into: Path | None) -> None:
    """Write one page over every verdict in a folder, and print what it says first."""
    from sweeps.report.all_verdicts import print_overview, read_verdicts, write_overview

    verdicts = read_verdicts(folder)
    print_overview(verdicts, write_overview(verdicts, into or folder))


#: Runs the command line and ends the process.
main = partial(run_command, app)
