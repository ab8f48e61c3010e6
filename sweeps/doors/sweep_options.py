"""The options of `run_sweep.py`, as they are typed and as `--help` shows them."""

from pathlib import Path
from typing import Annotated

import typer

from cvae.places import HoldsPlace
from sweeps.commands.options import expand_storage


def _print_schema(is_asked: bool) -> None:
    if is_asked:
        from sweeps.experiment import schema_text

        print(schema_text(), end="")
        raise typer.Exit


ShowSchema = Annotated[
    bool, typer.Option("--schema", callback=_print_schema, is_eager=True, help="print experiments' JSON Schema and end")
]

Budget = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="as 8h or 90m: cut trials and seeds of all arms to fit; --plan says what it cuts"
    ),
]

SpreadFrom = Annotated[
    str | None,
    HoldsPlace(),
    typer.Option(
        metavar="FOLDER|SD",
        help="with --plan: what these seeds could find, by the spread of an earlier experiment's differences",
    ),
]

NotifyTarget = Annotated[
    str | None,
    typer.Option(metavar="COMMAND|URL", help="run it, or post to it, when a verdict falls, at the breaker, at the end"),
]

ExperimentName = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT", help="its file or name; see experiments/README.md")
]

RunsFolder = Annotated[Path, typer.Option(metavar="DIR", help="folder that holds the experiment's folder")]

Settings = Annotated[list[str], typer.Option("--set", metavar="PATH=VALUE", help="override one key, repeatable")]

Retry = Annotated[
    str | None, typer.Option(metavar="STATUS", help="open lost runs again: failed, infeasible or stopped")
]

SlotCount = Annotated[
    str,
    typer.Option(
        metavar="N|auto", help="runs at a time; auto: by GPUs, or cores / runtime.threads, or 8 with an engine"
    ),
]

StorageUrl = Annotated[
    str | None,
    HoldsPlace(expand_storage),
    typer.Option(metavar="URL", help="Optuna storage, as sqlite:///study.db  [default: a journal]"),
]

HangAfter = Annotated[str, typer.Option(metavar="TIME", help="a training that stands still so long is started again")]

EngineName = Annotated[str, typer.Option(metavar="NAME", help="what runs the workers: local, slurm or ray")]

EngineFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="what a run asks of Slurm or Ray; see docs/clusters.md")
]

RayAddress = Annotated[
    str | None, typer.Option("--ray", metavar="URL", help="with --engine ray: the head, as http://HOST:8265")
]

JournalFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="where the journal lies: on a disk of this machine, where the runs' is shared"),
]

TakeOver = Annotated[
    bool,
    typer.Option("--take-over", help="no coordinator of another machine is at work: do not watch for two minutes"),
]
