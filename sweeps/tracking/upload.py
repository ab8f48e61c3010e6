"""Upload offline runs while they grow, if a server can be had; if not, say so once and leave it at that."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from cvae.console import echo_line
from sweeps.tracking.offline_runs import OfflineRun
from sweeps.tracking.server import Server, Unanswered
from sweeps.tracking.settings import home_of_wandb

#: How long the end of a sweep waits for uploads to complete.
PATIENCE_S = 20.0


def sync_command(root: Path) -> str:
    """Return the command that uploads an experiment later."""
    return f"python run_sweep.py --sync {os.path.relpath(root)}"


class Uploader:
    """One `wandb beta sync --live` for each open run. The first trouble ends all uploading, not the mirror."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._environment = {k: v for k, v in environment.items() if k != "WANDB_MODE"} | home_of_wandb(root)
        self._uploads: dict[Path, subprocess.Popen[bytes]] = {}
        self._is_off = False
        try:
            Server.from_environment(self._environment).check()
        except Unanswered as error:
            self._give_up(f"{error}; going on offline")

    def look(self, open_runs: Sequence[OfflineRun]) -> None:
        """Start uploads for runs that have none, and notice those that failed."""
        for path, upload in list(self._uploads.items()):
            if upload.poll() is not None and not OfflineRun(path).is_synced:
                self._give_up("an upload has failed; going on offline")
        for run in open_runs:
            if not self._is_off and run.path not in self._uploads:
                self._uploads[run.path] = self._start(run)

    def close(self) -> None:
        """Give uploads a while to complete; say what is left."""
        deadline = time.monotonic() + PATIENCE_S
        while any(self._goes_on(path) for path in self._uploads) and time.monotonic() < deadline:
            time.sleep(0.2)
        self._end_all()
        left = [path for path in self._uploads if not OfflineRun(path).is_synced]
        if left and not self._is_off:
            self._give_up(f"{len(left)} runs are not uploaded in full")

    def _goes_on(self, path: Path) -> bool:
        """Return whether an upload is neither complete nor over."""
        return not OfflineRun(path).is_synced and self._uploads[path].poll() is None

    def _end_all(self) -> None:
        for upload in self._uploads.values():
            if upload.poll() is None:
                upload.terminate()
                upload.wait()

    def _start(self, run: OfflineRun) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "wandb", "beta", "sync", "--live", "--yes", str(run.path)]
        with (self._root / "wandb" / "upload.log").open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment, cwd=self._root
            )

    def _give_up(self, why: str) -> None:
        self._end_all()
        if not self._is_off:
            echo_line(f"warning: wandb: {why}; upload later with: {sync_command(self._root)}")
        self._is_off = True
