"""Show an experiment's studies in optuna-dashboard: `python -m sweeps.dashboard runs/NAME`.

What is shown is a copy in memory: whatever is clicked there, the study's storage keeps its one writer, the coordinator.
The copy follows a sweep that is running. Pictures are served from the run folders where they lie.
"""

import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import Annotated

import optuna
import typer

from cvae.cli import new_command, run_command
from cvae.errors import InputError
from sweeps.experiment_folder import ExperimentFolder, find_experiment
from sweeps.study.dashboard_copy import StudyCopy

app = new_command()

#: How often the copy looks for what is new.
REFRESH_S = 10.0


def _follow(study_copy: StudyCopy) -> None:
    while True:
        time.sleep(REFRESH_S)
        study_copy.refresh()


@app.command()
def dashboard(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="its folder, name or file")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="folder that holds the experiment's folder")] = Path("runs"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")] = 8080,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Optuna storage  [default: what the sweep was launched with]")
    ] = None,
) -> None:
    """Start optuna-dashboard on loopback over an experiment's studies; Ctrl-C ends it. It changes nothing on disk."""
    try:
        from optuna_dashboard import run_server
    except ImportError as error:
        raise InputError("optuna-dashboard is not installed: pip install -r requirements-browse.txt") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    root = ExperimentFolder(find_experiment(experiment, runs))
    # without a password
    launched_with = root.storage.read_text(encoding="utf-8").strip() if root.storage.exists() else None
    with tempfile.TemporaryDirectory() as scratch:
        study_copy = StudyCopy(root, storage or launched_with, Path(scratch))
        study_copy.refresh()
        threading.Thread(target=_follow, args=(study_copy,), daemon=True, name="refresh").start()
        print(f"optuna-dashboard: http://127.0.0.1:{port}/dashboard", flush=True)
        try:
            run_server(study_copy.storage, host="127.0.0.1", port=port, artifact_store=study_copy.pictures)
        except OSError as error:
            raise InputError(f"--port is {port}: it cannot be used ({error.strerror})") from error


if __name__ == "__main__":
    run_command(app)
