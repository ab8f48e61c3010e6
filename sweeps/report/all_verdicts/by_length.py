"""Draw several studies over the length of training: `python -m sweeps.report.all_verdicts.by_length A=... B=...`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.places import HoldsPlace, expand_place
from sweeps.report.all_verdicts.length_studies import (
    advantages,
    arms_of_all,
    check_alike,
    common_metric,
    read_length_study,
    remarks_on,
)
from sweeps.report.figures import advantage_by_length, csv_bytes, svg_of

app = new_command()


def _expand_both(study: str) -> str:
    return "=".join(expand_place(part) for part in study.split("=", 1))


@app.command()
def draw(
    studies: Annotated[
        list[str],
        HoldsPlace(_expand_both),
        typer.Argument(
            metavar="EXPERIMENT=VERDICT...", help="an experiment's file or name, and its verdict.json; two or more"
        ),
    ],
    reference: Annotated[str, typer.Option(metavar="ARM", help="the arm that the others are held against")],
    out: Annotated[Path, typer.Option(metavar="FILE.svg", help="the figure; its points go to FILE.csv")],
) -> None:
    """Draw every arm's difference to a reference arm against the number of updates, and print the caption."""
    if out.suffix != ".svg":
        raise InputError(f"--out is {out}; allowed: a name that ends in .svg")
    read = sorted((read_length_study(given) for given in studies), key=lambda study: study.updates)
    check_alike(read)
    points = advantages(read, reference)
    remarks = list(remarks_on(read, points))
    figure = advantage_by_length(common_metric(read), arms_of_all(read), reference, points, remarks)
    write_atomically(out.with_suffix(".csv"), csv_bytes([asdict(point) for point in points]))
    write_atomically(out, svg_of(figure).encode())
    echo_line(f"{out}: {figure.title}. {figure.caption}")


if __name__ == "__main__":
    run_command(app)
