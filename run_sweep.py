"""Launch the runs of an experiment: `python run_sweep.py experiments/quickstart.yaml`."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cvae.command import new_command, run_command
from cvae.errors import InputError
from cvae.overrides import parse_settings
from cvae.record import held
from sweeps.collapse import measure_arms, record_weights, weight_lines
from sweeps.experiment import load_experiment
from sweeps.launch import count_slots, lay_out, pack_data
from sweeps.output import OUTPUTS, chosen
from sweeps.plan import ExperimentFolder
from sweeps.planning import print_plan
from sweeps.tracking.process import MODES, MirrorProcess

app = new_command()


@app.command()
def sweep(
    experiment_file: Annotated[Path, typer.Argument(metavar="EXPERIMENT.yaml", help="see experiments/README.md")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="folder that holds the experiment's folder")] = Path("runs"),
    settings: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="override one key, repeatable")
    ] = [],  # noqa: B006
    plan: Annotated[bool, typer.Option("--plan", help="print every run and how many are done; start nothing")] = False,
    slots: Annotated[
        int | None, typer.Option(min=1, help="runs at a time  [default: cores / runtime.threads, or 1]")
    ] = None,
    tracker: Annotated[str, typer.Option(help="wandb mode: offline, online or disabled")] = "offline",
    output: Annotated[str, typer.Option(help="live table, plain lines, quiet (trouble alone) or json lines")] = "live",
    sync: Annotated[bool, typer.Option("--sync", help="upload the runs of an experiment to wandb; start none")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="with --sync: say what it would upload")] = False,
) -> None:
    """Launch an experiment, or go on with it: started again after any interruption, it loses and repeats nothing."""
    if dry_run and not sync:
        raise InputError("--dry-run belongs to --sync; --plan shows what a launch would do")
    if sync:
        from sweeps.tracking.sync import find_experiment, sync_experiment  # needs wandb, which takes a second

        sync_experiment(find_experiment(experiment_file, runs), dry_run=dry_run)
        return
    mode = chosen("--tracker", tracker, MODES)
    shown = chosen("--output", output, OUTPUTS)
    experiment = load_experiment(experiment_file, parse_settings(settings))
    root = ExperimentFolder(runs / experiment.name)
    if plan:
        print_plan(experiment, root)
        return
    from rich.console import Console

    from sweeps.coordinator import Coordinator  # optuna takes a second to import: mistakes above answer at once
    from sweeps.progress import watch

    say = partial(print, flush=True) if shown in ("live", "plain") else silent
    for line in pack_data(experiment):
        say(line)
    weights = measure_arms(experiment)
    say("\n".join(weight_lines(weights)))
    lay_out(experiment, root)
    with held(root.lock) as is_ours:
        if not is_ours:
            raise InputError(f"{root.path}: another run_sweep.py is working on this experiment")
        record_weights(weights, root)
        config = experiment.config(next(iter(experiment.arms)), {}, experiment.seed, experiment.confirm.split)
        n_slots = count_slots(slots, config.runtime.threads)
        threads = max(1, (os.cpu_count() or 1) // n_slots)
        coordinator = Coordinator(experiment, root, n_slots, threads, {"mode": mode})
        mirror = MirrorProcess(root.path, mode)
        try:
            watch(coordinator, Console(), shown, mirror)
        except KeyboardInterrupt:
            coordinator.interrupt()
            print("interrupted: every run keeps its last checkpoint; the same command goes on")
            raise
        finally:
            for line in mirror.close():
                print(line, file=sys.stderr)
    say(f"compare the arms: python analyze.py {root.path}")


def silent(line: str) -> None:
    """Say nothing: what is printed is for a machine, or only what went wrong."""


if __name__ == "__main__":
    run_command(app)
