"""Train one run folder: `python -m sweeps.worker RUN_FOLDER`.

It knows no Optuna storage, no wandb and no other run: whatever can start a process on some machine can start it.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cvae.errors import AlreadyTraining, Diverged, InputError
from cvae.record import RunFolder
from cvae.run import load_config, train_run

#: Exit statuses. Whoever started the worker reads `state.json`; these are for people and schedulers.
FINISHED, BAD_INPUT, NOT_OURS, DIVERGED, ENDED = 0, 2, 3, 4, 143


def _end(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(ENDED)  # the run is recorded as interrupted and goes on from its checkpoint


def work(path: Path) -> int:
    """Train a run folder to its end; return the exit status."""
    folder = RunFolder(path)
    try:
        config = load_config(folder)
        print(config.describe_convention(), flush=True)
        for _ in train_run(folder):
            pass
    except AlreadyTraining as error:
        print(error, file=sys.stderr)
        return NOT_OURS
    except Diverged as error:
        print(f"diverged: {error}", file=sys.stderr)
        return DIVERGED
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    return FINISHED


def leave(status: int) -> NoReturn:
    """End the process at once: all is on the disk, and Python would take a second to take PyTorch down."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    parser = argparse.ArgumentParser("python -m sweeps.worker", description=__doc__)
    parser.add_argument("run_folder", type=Path, help="a folder with a config.yaml")
    leave(work(parser.parse_args().run_folder))
