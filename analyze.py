"""Compare an experiment's arms: which is better, by how much, how sure are we.

python analyze.py runs/kl-annealing
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cvae.errors import InputError


def main(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...",
            help="An experiment's folder, runs/NAME as run_sweep.py wrote it; two are compared with each other.",
        ),
    ] = None,
    paper: Annotated[bool, typer.Option("--paper", help="Write tables/paper.tex too, a LaTeX table.")] = False,
    pictures: Annotated[bool, typer.Option(help="Write every figure as SVG, PNG and CSV into report/figures.")] = True,
    wandb: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="Import runs first: ENTITY/PROJECT, or a folder of offline runs (offline-run-*)."
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Where imported runs, or the report on several folders, are written.")
    ] = None,
    metric: Annotated[str, typer.Option(help="Of imported runs: the key that is compared.")] = "val/psnr",
    final: Annotated[
        str | None,
        typer.Option(help="Of imported runs: the summary's key of the final score, such as final/test/psnr."),
    ] = None,
    minimize: Annotated[bool, typer.Option("--minimize", help="Of imported runs: less is better.")] = False,
    margin: Annotated[float | None, typer.Option(help="Of imported runs: differences below it do not matter.")] = None,
    arm_key: Annotated[
        str, typer.Option(help="Of imported runs: the config key that names the arm, or `group`.")
    ] = "arm",
    seed_key: Annotated[str, typer.Option(help="Of imported runs: the config key of the seed.")] = "seed",
    step_key: Annotated[str, typer.Option(help="Of imported runs: the history's key of the step.")] = "_step",
) -> None:
    """Say which arm of an experiment is better, by how much and how sure that is.

    Reads the finished runs in runs/NAME, prints the verdict and writes runs/NAME/report/: index.html (self-contained,
    opens without a network), report.md, verdict.json, tables/*.csv and figures/. A sweep that is still running is
    reported as far as it has come. Runs of other trainers come in once from wandb, with their whole history.
    """
    try:
        if wandb is not None:
            from sweeps.wandb_import import KeyMapping, import_runs

            mapping = KeyMapping(
                metric, final, "minimize" if minimize else "maximize", margin, arm_key, seed_key, step_key
            )
            folders = [*(folders or []), import_runs(wandb, into, mapping)]
        if not folders:
            raise InputError("give an experiment's folder, such as runs/kl-annealing, or --wandb")
        report(folders, into if wandb is None else None, paper, pictures)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from error


def report(folders: list[Path], into: Path | None, paper: bool, pictures: bool) -> None:
    """Analyse, print and write; several folders are compared with each other."""
    from sweeps.report import analyse, analyse_across
    from sweeps.report.output import print_verdict, write_report

    analysis = analyse(folders[0]) if len(folders) == 1 else analyse_across(folders, into)
    print_verdict(analysis, write_report(analysis, pictures, paper))


if __name__ == "__main__":
    app = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
    )
    app.command()(main)
    app()
