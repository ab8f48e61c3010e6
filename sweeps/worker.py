"""Train one run folder: `python -m sweeps.worker RUN_FOLDER [TOKEN]`.

It knows no Optuna storage, no wandb and no other run: whatever can start a process on some machine can start it.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cvae.console import accept_any_text, echo_line
from cvae.errors import AlreadyTraining, Diverged, InputError
from cvae.places import path_argument
from cvae.record import RunFolder
from cvae.run import load_config, train_run
from sweeps.launchers import NOT_OURS

#: Exit statuses. Beside them `NOT_OURS`. How a run went is in `state.json`; these are for people and schedulers.
FINISHED, BAD_INPUT, DIVERGED, ENDED = 0, 2, 4, 143


def end_on_signal(signum: int, frame: FrameType | None) -> None:
    """End the training: the run is recorded as interrupted and goes on from its checkpoint."""
    raise SystemExit(ENDED)


def work(path: Path, token: str = "") -> int:
    """Train a run folder to its end, as the job of a token; return the exit status."""
    folder = RunFolder(path)
    try:
        config = load_config(folder)
        echo_line(config.describe_convention())
        for _ in train_run(folder, token):
            pass
    except AlreadyTraining as error:
        echo_line(str(error), sys.stderr)
        return NOT_OURS
    except Diverged as error:
        echo_line(f"diverged: {error}", sys.stderr)
        return DIVERGED
    except InputError as error:
        echo_line(f"error: {error}", sys.stderr)
        return BAD_INPUT
    return FINISHED


def leave(status: int) -> NoReturn:
    """End the process at once: all is on the disk, and Python would take a second to take PyTorch down."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    accept_any_text()
    signal.signal(signal.SIGTERM, end_on_signal)
    parser = argparse.ArgumentParser("python -m sweeps.worker", description=__doc__)
    parser.add_argument("run_folder", type=path_argument, help="a folder with a config.yaml")
    parser.add_argument("token", nargs="?", default="", help="of the job, as job.json says: only that one may write")
    arguments = parser.parse_args()
    leave(work(arguments.run_folder, arguments.token))
