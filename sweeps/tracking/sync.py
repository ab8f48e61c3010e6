"""Upload an experiment's runs: complete the mirror, `wandb sync` what is not yet uploaded, and count it afterwards."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cvae.console import echo_line
from cvae.errors import InputError
from sweeps.tracking.mirror import PROJECT
from sweeps.tracking.offline_runs import LoggedRun, OfflineRun, offline_runs_of
from sweeps.tracking.process import mirror_now
from sweeps.tracking.server import Server, Unanswered
from sweeps.tracking.settings import home_of_wandb


@dataclass(frozen=True)
class LocalRun:
    """A run as it lies on the disk."""

    offline: OfflineRun
    logged: LoggedRun

    def __str__(self) -> str:
        """Return a line for people."""
        rows, media = len(self.logged.history), len(self.logged.media)
        return f"{self.logged.name}  [{self.logged.id}]: {rows} rows, {media} media"


def sync_experiment(root: Path, *, dry_run: bool = False) -> None:
    """Upload what is not yet uploaded and check that all of it arrived; safe to repeat.

    Raises:
        InputError: the experiment is being mirrored just now, the server cannot be had, or something did not arrive.
    """
    os.environ.update(home_of_wandb(root))
    if not mirror_now(root):
        raise InputError(
            f"{root}: its sweep is running and mirrors it; upload when it is over, or use --tracker online"
        )
    mirrored = offline_runs_of(root / "wandb")
    waiting = [LocalRun(run, run.read()) for run in mirrored if not run.is_synced]
    n_rows, n_media = (sum(len(getattr(run.logged, key)) for run in waiting) for key in ("history", "media"))
    echo_line(f"{len(mirrored)} runs, {len(waiting)} to upload: {n_rows} rows, {n_media} media")
    for run in waiting:
        echo_line(f"  {run}")
    if dry_run or not waiting:
        return
    server, entity = _server()
    _upload(root, waiting)
    _verify(server, entity, waiting)
    echo_line(f"uploaded and counted: {len(waiting)} runs, {n_rows} rows, {n_media} media, as {entity}/{PROJECT}")


def _server() -> tuple[Server, str]:
    try:
        server = Server.from_environment()
        return server, server.check()
    except Unanswered as error:
        raise InputError(f"cannot upload: {error}; --dry-run shows what is waiting") from error


def _upload(root: Path, waiting: Sequence[LocalRun]) -> None:
    """Upload runs from their first row: wandb puts rows where they were if it has them already."""
    paths = [str(run.offline.path) for run in waiting]
    command = [sys.executable, "-m", "wandb", "sync", "--include-synced", *paths]
    environment = {k: v for k, v in os.environ.items() if k != "WANDB_MODE"}
    if subprocess.run(command, env=environment, check=False).returncode:
        raise InputError(f"wandb sync has failed, see above; the same command goes on: {root}")


def _verify(server: Server, entity: str, uploaded: Sequence[LocalRun]) -> None:
    """Compare rows and media with what the server has; what differs is no longer marked as uploaded."""
    wrong = []
    for run in uploaded:
        try:
            arrived = server.uploaded(entity, PROJECT, run.logged.id)
        except Unanswered as error:
            raise InputError(f"uploaded, but what arrived cannot be counted: {error}") from error
        rows, files = (arrived.rows, arrived.files) if arrived else (0, set())
        missing = set(run.logged.media) - files
        if rows != len(run.logged.history) or missing or not run.offline.is_synced:
            wrong.append(f"{run.logged.id} ({rows} of {len(run.logged.history)} rows, {len(missing)} media missing)")
            run.offline.marker.unlink(missing_ok=True)
    if wrong:
        raise InputError(f"not everything has arrived: {', '.join(wrong)}; the same command tries again")
