"""Launch the runs of an experiment, show them, stop them: `run_sweep.py`, `cvae-sweep`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cvae.cli import ShowVersion, new_command, run_command
from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import require_folder
from sweeps.commands.options import OUTPUTS, LaunchOptions, parse_slots, parse_target, parse_time, parse_word
from sweeps.tracking.process import MODES

if TYPE_CHECKING:  # --help waits for none of these
    from sweeps.experiment import Experiment
    from sweeps.experiment_folder import ExperimentFolder
    from sweeps.workers import Slots

app = new_command()


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


@app.command()
def sweep(
    experiment_file: ExperimentName,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="folder that holds the experiment's folder")] = Path("runs"),
    settings: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="override one key, repeatable")
    ] = [],  # noqa: B006
    plan: Annotated[bool, typer.Option("--plan", help="print every run and what is left; start nothing")] = False,
    probe: Annotated[bool, typer.Option(help="with --plan: measure this machine where no run tells")] = True,
    spread_from: SpreadFrom = None,
    status: Annotated[bool, typer.Option("--status", help="print how the sweep stands; start nothing")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="end the sweep at its runs' next checkpoints")] = False,
    retry: Annotated[
        str | None, typer.Option(metavar="STATUS", help="open lost runs again: failed, infeasible or stopped")
    ] = None,
    budget: Budget = None,
    slots: Annotated[
        str, typer.Option(metavar="N|auto", help="runs at a time; auto: by GPUs, or cores / runtime.threads")
    ] = "auto",
    slots_per_gpu: Annotated[int, typer.Option(min=1, help="runs that share a GPU")] = 1,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Optuna storage, as sqlite:///study.db  [default: a journal]")
    ] = None,
    hang_after: Annotated[
        str, typer.Option(metavar="TIME", help="a training that stands still so long is started again")
    ] = "30m",
    tracker: Annotated[str, typer.Option(help="wandb mode: offline, online or disabled")] = "offline",
    notify: NotifyTarget = None,
    output: Annotated[str, typer.Option(help="live table, plain lines, quiet (trouble alone) or json lines")] = "live",
    sync: Annotated[bool, typer.Option("--sync", help="upload the runs of an experiment to wandb; start none")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="with --sync: say what it would upload")] = False,
    schema: ShowSchema = False,
    version: ShowVersion = False,
) -> None:
    """Launch an experiment, or go on with it: started again after any interruption, it loses and repeats nothing."""
    if dry_run and not sync:
        raise InputError("--dry-run belongs to --sync; --plan shows what a launch would do")
    if spread_from is not None and not plan:
        raise InputError("--spread-from belongs to --plan; it changes nothing of a launch")
    if sync:
        _sync(experiment_file, runs, dry_run=dry_run)
        return
    mode, shown = parse_word("--tracker", tracker, MODES), parse_word("--output", output, OUTPUTS)
    budget_s, hang_s = parse_time("--budget", budget) if budget else None, parse_time("--hang-after", hang_after)
    experiment, root = _read(experiment_file, runs, settings)
    machine = _slots_for(experiment, slots, slots_per_gpu)
    threads = _threads_of(machine)
    if stop:
        _stop(experiment, root)
    elif status:
        _status(experiment, root)
    elif plan:
        _plan(experiment, root, machine, threads, spread_from, probe=probe, budget_s=budget_s)
    else:
        told = None if notify is None else parse_target(notify)
        _launch(experiment, root, machine, LaunchOptions(threads, mode, shown, storage, retry, budget_s, hang_s, told))


# Each of these imports what it needs by itself: nothing waits for pydantic, optuna, wandb or scipy without using it.


def _read(experiment_file: Path, runs: Path, settings: list[str]) -> "tuple[Experiment, ExperimentFolder]":
    """Return the experiment as it is declared, or was launched, and its folder."""
    from sweeps.experiment import load_experiment
    from sweeps.experiment_folder import ExperimentFolder, as_launched, find_experiment_file

    experiment = load_experiment(find_experiment_file(experiment_file, runs), settings)
    root = ExperimentFolder(require_folder(runs / experiment.name, "--runs"))
    return as_launched(experiment, root), root


def _threads_of(machine: "Slots") -> int:
    from sweeps.workers import usable_cores

    return max(1, usable_cores() // machine.total)


def _slots_for(experiment: "Experiment", slots: str, slots_per_gpu: int) -> "Slots":
    from sweeps.workers import find_slots

    config = experiment.config(next(iter(experiment.arms)), {}, experiment.seed, experiment.confirm.split)
    return find_slots(parse_slots(slots), slots_per_gpu, config.runtime.device, config.runtime.threads)


def _sync(experiment_file: Path, runs: Path, *, dry_run: bool) -> None:
    from sweeps.experiment_folder import find_experiment
    from sweeps.tracking.sync import sync_experiment

    sync_experiment(find_experiment(experiment_file, runs), dry_run=dry_run)


def _stop(experiment: "Experiment", root: "ExperimentFolder") -> None:
    from sweeps.commands.control import stop_sweep

    echo_line(stop_sweep(experiment, root))


def _status(experiment: "Experiment", root: "ExperimentFolder") -> None:
    from sweeps.commands.status import print_status

    print_status(experiment, root)


def _plan(
    experiment: "Experiment",
    root: "ExperimentFolder",
    machine: "Slots",
    threads: int,
    spread_from: str | None,
    *,
    probe: bool,
    budget_s: float | None,
) -> None:
    from sweeps.commands.design_check import prospects
    from sweeps.commands.show_plan import check_plan, print_plan
    from sweeps.estimate import print_cut, print_estimate

    told = prospects(experiment, spread_from)  # before the plan: a mistake is not to be scrolled for
    print_plan(experiment, root)
    print("\n".join(told), flush=True)
    check_plan(experiment, root)
    if budget_s is not None:
        print_cut(experiment, root, machine, threads, budget_s, echo_line)
    elif probe:
        print_estimate(experiment, root, machine, threads, echo_line)


def _launch(experiment: "Experiment", root: "ExperimentFolder", machine: "Slots", options: LaunchOptions) -> None:
    from sweeps.commands.launch import launch

    launch(experiment, root, machine, options)


#: Runs the command line and ends the process.
main = partial(run_command, app)
