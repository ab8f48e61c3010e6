"""Launch the runs of an experiment: `python run_sweep.py experiments/quickstart.yaml`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cvae.command import new_command, run_command
from cvae.errors import InputError
from cvae.overrides import parse_settings
from cvae.record import held
from sweeps.collapse import measure_arms, record_weights, weight_lines
from sweeps.experiment import load_experiment
from sweeps.launch import lay_out, pack_data
from sweeps.plan import ExperimentFolder
from sweeps.planning import print_plan
from sweeps.slots import find_slots

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
) -> None:
    """Launch an experiment, or go on with it: started again after any interruption, it loses and repeats nothing."""
    if tracker not in ("offline", "online", "disabled"):
        raise InputError(f"--tracker is '{tracker}'; allowed: offline, online, disabled")
    experiment = load_experiment(experiment_file, parse_settings(settings))
    root = ExperimentFolder(runs / experiment.name)
    if plan:
        print_plan(experiment, root)
        return
    from rich.console import Console

    from sweeps.coordinator import Coordinator  # optuna takes a second to import: mistakes above answer at once
    from sweeps.progress import watch

    for line in pack_data(experiment):
        print(line, flush=True)
    weights = measure_arms(experiment)
    print("\n".join(weight_lines(weights)), flush=True)
    lay_out(experiment, root)
    with held(root.lock) as is_ours:
        if not is_ours:
            raise InputError(f"{root.path}: another run_sweep.py is working on this experiment")
        record_weights(weights, root)
        config = experiment.config(next(iter(experiment.arms)), {}, experiment.seed, experiment.confirm.split)
        places = find_slots(slots, 1, config.runtime.device, config.runtime.threads)
        threads = max(1, (os.cpu_count() or 1) // places.total)
        mirror = {"mode": tracker, "project": "cvae-sweeps", "dir": str(root.path.resolve())}
        coordinator = Coordinator(experiment, root, places, threads, mirror)
        try:
            watch(coordinator, Console())
        except KeyboardInterrupt:
            coordinator.end_now()
            print("interrupted: every run keeps its last checkpoint; the same command goes on")
            raise
    print(f"compare the arms: python analyze.py {root.path}")


if __name__ == "__main__":
    run_command(app)
