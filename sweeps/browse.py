"""Browse an experiment's runs in the terminal, without account or network: `python -m sweeps.browse runs/NAME`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from cvae.errors import InputError
from sweeps.experiment_folder import find_experiment
from sweeps.tracking.process import mirror_now
from sweeps.tracking.settings import quiet_environment

app = new_command()

#: How `wandb leet` looks when it is opened first: all metrics on one page, pictures below; what is changed there stays.
LAYOUT = {
    "workspace_metrics_grid": {"rows": 4, "cols": 4},
    "metrics_grid": {"rows": 4, "cols": 4},
    "media_grid": {"rows": 1, "cols": 2},
    "workspace_media_visible": True,
    "media_visible": True,
}


@app.command()
def browse(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="its folder, name or file")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="folder that holds the experiment's folder")] = Path("runs"),
) -> None:
    """Open `wandb leet` on an experiment. Runs that are not mirrored yet, for whatever reason, are mirrored first."""
    root = find_experiment(experiment, runs)
    if not any(root.glob("*/*/run.json")):
        raise InputError(f"{root}: no run has begun")
    mirror_now(root)  # False where its sweep is mirroring it: all the better
    home = Path(quiet_environment(root)["WANDB_CONFIG_DIR"])
    home.mkdir(parents=True, exist_ok=True)
    if not (layout := home / "wandb-leet.json").exists():
        layout.write_text(json.dumps(LAYOUT, indent=2) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "wandb", "leet", str(root / "wandb")]
    os.execve(command[0], command, quiet_environment(root))


if __name__ == "__main__":
    run_command(app)
