"""An experiment of any size whose runs are all finished, without the hours that they would take."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from cvae.files import write_json
from cvae.record import RunFolder, RunIdentity, RunState
from sweeps.experiment import all_runs, build_experiment
from sweeps.experiment_folder import ExperimentFolder, lay_out

#: An evaluation has so many values, about as a run's has.
ARMS, N_EVALUATIONS, N_VALUES, STEPS = ("a", "b", "c", "d"), 300, 30, 3000
#: Of an arm's runs so many in five are trials, the others seeds.
TRIALS_IN_FIVE = 4


def experiment_of(n_runs: int) -> dict[str, Any]:
    """Return an experiment of so many runs in four arms as its file has it; their number is a multiple of 20."""
    of_arm = n_runs // len(ARMS)
    trials = of_arm * TRIALS_IN_FIVE // 5
    return {
        "name": f"size-{n_runs}",
        "base": {"train": {"steps": STEPS}, "evaluation": {"every": STEPS // N_EVALUATIONS}},
        "arms": {arm: {} for arm in ARMS},
        "search": {"optim.lr": {"float": [1e-4, 1e-1], "log": True}},
        "tune": {"trials_per_arm": trials, "sampler": "qmc"},
        "confirm": {"seeds": of_arm - trials},
    }


def evaluation_lines() -> Iterator[dict[str, float]]:
    """Yield what a run appends."""
    random = Random(0)
    for step in range(0, STEPS, STEPS // N_EVALUATIONS):
        values = {f"train/value_{i}": random.gauss(0, 1) for i in range(N_VALUES - 2)}
        yield {"step": step + STEPS // N_EVALUATIONS, "val/psnr": 20.0, "train/kl": 1.0} | values


def write_finished(place: Path, n_runs: int) -> Path:
    """Write the experiment's file beside its folder, every run finished; return the file."""
    values = experiment_of(n_runs)
    file = place / f"{values['name']}.yaml"
    write_json(file, values)  # which YAML is, too
    experiment, root = build_experiment(values, str(file)), ExperimentFolder(place / str(values["name"]))
    lay_out(experiment, root)
    evaluations = place / "epochs.jsonl"  # one file by many names: whole gigabytes of the same are not written
    evaluations.write_text("".join(json.dumps(line) + "\n" for line in evaluation_lines()))
    state = RunState("finished", attempt=1, step=STEPS, total_steps=STEPS, seconds=60.0)
    config = json.dumps({"train": {"steps": STEPS}})
    with root.ledger.open("a", encoding="utf-8") as ledger:
        for run in all_runs(experiment):
            folder = RunFolder(root.run(run).path)
            folder.path.mkdir(parents=True)
            identity = RunIdentity(experiment.name, run.arm, run.phase, run.number, run.seed, run.number)
            final = {experiment.score_key(run.phase): 20.0 + run.number / 1e4}
            # plainly: written as runs write, each file flushed, 10,000 runs take minutes
            folder.identity.write_text(json.dumps(identity.written()))
            folder.config.write_text(config)
            os.link(evaluations, folder.epochs)
            folder.state.write_text(json.dumps(asdict(state) | {"final": final}))
            event = {"time": "2026-01-01T00:00:00+00:00", "event": "ended", "run": run.path}
            ledger.write(json.dumps(event | {"status": "finished", "wall_s": 60.0}) + "\n")
    return file
