"""Mirror an experiment while it runs: `python -m sweeps.tracking ROOT [--online]`, over when standard input closes.

What a person should know is printed, a line each: the sweep shows it.
"""

import argparse
import os
import sys
import threading
from pathlib import Path

from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import held
from cvae.places import path_argument
from sweeps.tracking.process import lock_of
from sweeps.tracking.settings import quiet_environment

#: How long a mirror waits for the one of a killed sweep to finish.
WAIT_S = 60.0


def mirror_until_over(root: Path, online: bool) -> None:
    """Mirror until standard input closes, then whatever is left."""
    own = dict(os.environ)
    os.environ.clear()
    os.environ.update(quiet_environment(root, own))
    os.nice(10)  # training comes first
    over = threading.Event()
    threading.Thread(target=_wait_for_end, args=(over,), daemon=True, name="end").start()

    import wandb  # once the environment is that of a mirror

    from sweeps.tracking.mirror import follow
    from sweeps.tracking.upload import Uploader

    uploader = Uploader(root, own) if online else None
    try:
        with held(lock_of(root), WAIT_S) as is_ours:
            if not is_ours:
                echo_line("warning: another process mirrors this experiment; wandb will lack what it does not see")
                return
            for mirror in follow(root, over.is_set):
                for line in mirror.warnings():
                    echo_line(f"warning: {line}")
                if uploader:
                    uploader.look(mirror.open_runs())
        if uploader:
            uploader.close()
    except (wandb.Error, OSError, InputError) as error:
        echo_line(f"the wandb mirror has stopped: {error}", sys.stderr)
        os._exit(1)  # wandb's own threads may wait for a service that has died


def _wait_for_end(over: threading.Event) -> None:
    sys.stdin.buffer.read()
    over.set()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser("python -m sweeps.tracking", description=__doc__)
    parser.add_argument("root", type=path_argument, help="the experiment's folder")
    parser.add_argument("--online", action="store_true", help="upload what is mirrored, too")
    given = parser.parse_args()
    mirror_until_over(given.root, given.online)
