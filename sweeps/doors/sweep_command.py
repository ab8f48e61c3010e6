"""Launch the runs of an experiment, show them, stop them: `run_sweep.py`, `cvae-sweep`."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cvae.cli import ShowVersion, new_command, run_command
from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import require_folder
from sweeps.commands.options import OUTPUTS, LaunchOptions, parse_slots, parse_target, parse_time, parse_word
from sweeps.doors.sweep_options import (
    Budget,
    EngineFile,
    EngineName,
    ExperimentName,
    HangAfter,
    JournalFile,
    NotifyTarget,
    RayAddress,
    Retry,
    RunsFolder,
    Settings,
    ShowSchema,
    SlotCount,
    SpreadFrom,
    StorageUrl,
    TakeOver,
)
from sweeps.tracking.process import MODES

if TYPE_CHECKING:  # --help waits for none of these
    from cvae.config import Config
    from sweeps.estimate import Placement
    from sweeps.experiment import Experiment
    from sweeps.experiment_folder import ExperimentFolder
    from sweeps.launchers import EngineChoice
    from sweeps.workers import Slots

#: Runs that are out at a time with an engine, queued or running, unless `--slots` says it.
SUBMISSIONS = 8

app = new_command()


@app.command()
def sweep(
    experiment_file: ExperimentName,
    runs: RunsFolder = Path("runs"),
    settings: Settings = [],  # noqa: B006
    plan: Annotated[bool, typer.Option("--plan", help="print every run and what is left; start nothing")] = False,
    probe: Annotated[bool, typer.Option(help="with --plan: measure where runs would train, if none tells")] = True,
    spread_from: SpreadFrom = None,
    status: Annotated[bool, typer.Option("--status", help="print how the sweep stands; start nothing")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="end the sweep at its runs' next checkpoints")] = False,
    retry: Retry = None,
    budget: Budget = None,
    slots: SlotCount = "auto",
    slots_per_gpu: Annotated[int, typer.Option(min=1, help="runs that share a GPU")] = 1,
    engine: EngineName = "local",
    engine_file: EngineFile = None,
    ray: RayAddress = None,
    storage: StorageUrl = None,
    journal: JournalFile = None,
    take_over: TakeOver = False,
    hang_after: HangAfter = "30m",
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
    if journal is not None and storage is not None:
        raise InputError("--journal and --storage say both where the studies lie; give one of them")
    if sync:
        _sync(experiment_file, runs, dry_run=dry_run)
        return
    mode, shown = parse_word("--tracker", tracker, MODES), parse_word("--output", output, OUTPUTS)
    budget_s, hang_s = parse_time("--budget", budget) if budget else None, parse_time("--hang-after", hang_after)
    experiment, root = _read(experiment_file, runs, settings)
    chosen = _engine_for(experiment, engine, engine_file, ray)
    machine = _slots_for(experiment, slots, slots_per_gpu, chosen)
    threads = _threads_of(machine) if chosen.share is None else chosen.share.cpus
    if stop:
        _stop(experiment, root)
    elif status:
        _status(experiment, root)
    elif plan:
        from sweeps.estimate import Placement

        _plan(experiment, root, Placement(machine, threads, chosen), spread_from, probe=probe, budget_s=budget_s)
    else:
        told = None if notify is None else parse_target(notify)
        options = LaunchOptions(threads, mode, shown, storage, retry, budget_s, hang_s, told, chosen)
        options = replace(options, take_over=take_over, journal=journal)
        _launch(experiment, root, machine, options)


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


def _engine_for(experiment: "Experiment", engine: str, file: Path | None, ray: str | None) -> "EngineChoice":
    from sweeps.launchers import choose_engine

    return choose_engine(engine, file, ray, _first_config(experiment).runtime.device)


def _first_config(experiment: "Experiment") -> "Config":
    return experiment.config(next(iter(experiment.arms)), {}, experiment.seed, experiment.confirm.split)


def _slots_for(experiment: "Experiment", slots: str, slots_per_gpu: int, engine: "EngineChoice") -> "Slots":
    from sweeps.workers import Slots, find_slots

    if engine.share is not None:  # the engine finds the places of what is submitted
        return Slots({engine.name: parse_slots(slots) or SUBMISSIONS})
    runtime = _first_config(experiment).runtime
    return find_slots(parse_slots(slots), slots_per_gpu, runtime.device, runtime.threads)


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
    placement: "Placement",
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
        print_cut(experiment, root, placement, budget_s, echo_line)
    elif probe:
        print_estimate(experiment, root, placement, echo_line)


def _launch(experiment: "Experiment", root: "ExperimentFolder", machine: "Slots", options: LaunchOptions) -> None:
    from sweeps.commands.launch import launch

    launch(experiment, root, machine, options)


#: Runs the command line and ends the process.
main = partial(run_command, app)
