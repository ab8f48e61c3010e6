"""The worker of a cluster check: `python -m sweeps.check_cluster.cluster_probe FOLDER TOKEN`. It trains nothing.

It claims what one worker may have, holds a lock, echoes what others write, and says what its machine has to offer, in
`report.json` of its folder; until it is told to stop, by a file or by SIGTERM.
"""

import os
import signal
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cvae.console import accept_any_text
from cvae.errors import NoLocks
from cvae.files import held, write_json
from sweeps.workers import usable_cores

#: Seconds between two reports, and until a probe that nobody stops leaves by itself.
EVERY_S, MOST_S = 0.3, 600.0

ENDED_BY_SIGTERM = 143


def _end_on_signal(*_: Any) -> None:
    """Leave as a worker does: what it writes then proves that it was told."""
    raise SystemExit(ENDED_BY_SIGTERM)


def probe(folder: Path) -> int:
    """Look around until told to stop; return the exit status."""
    shared = folder.parent
    report: dict[str, Any] = {
        "host": socket.gethostname(),
        "python": sys.version.split()[0],
        "cores": usable_cores(),
        "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "has_claimed": claims(shared, folder),
    }
    deadline = time.monotonic() + MOST_S
    try:
        with ExitStack() as stack:
            try:
                report["has_lock"] = stack.enter_context(held(shared / "lock"))
            except NoLocks:
                report["has_lock"] = None
            report["gpu"] = name_of_gpu()
            while not (folder / "stop").exists() and time.monotonic() < deadline:
                report |= {"echo": read_number(shared / "ping"), "clock": time.time()}
                report["sees"] = sorted(path.parent.name for path in shared.glob("*/report.json"))
                write_json(folder / "report.json", report)
                time.sleep(EVERY_S)
    except SystemExit:
        write_json(folder / "report.json", report | {"ended_by": "SIGTERM"})
        return ENDED_BY_SIGTERM
    write_json(folder / "report.json", report | {"ended_by": "stop"})
    return 0


def claims(shared: Path, folder: Path) -> bool:
    """Return whether this probe is the one that has the claim."""
    mine = folder / "claim"
    mine.touch()
    try:
        os.link(mine, shared / "claimed")
    except FileExistsError:
        return mine.stat().st_nlink == 2  # a network disk: the link was made, and its answer lost
    except OSError:  # a file system without hard links
        try:
            os.close(os.open(shared / "claimed", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            return False
    return True


def name_of_gpu() -> str:
    """Return the name of the GPU that PyTorch would train on, or why there is none."""
    try:
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    except Exception as error:  # a driver that does not fit has exceptions of its own
        return f"none: {' '.join(str(error).split())[:200]}"


def read_number(path: Path) -> int:
    """Return the number in a file; -1 where there is none."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return -1


if __name__ == "__main__":
    accept_any_text()
    signal.signal(signal.SIGTERM, _end_on_signal)
    sys.exit(probe(Path(sys.argv[1])))
