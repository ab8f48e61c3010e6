"""Where the studies lie: a journal beside the runs, or any Optuna URL. Only the coordinator opens it."""

import json
import os
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from cvae.errors import InputError
from cvae.files import write_atomically
from sweeps.experiment_folder import ExperimentFolder, network_type


class WholeLines(JournalFileBackend):
    """Optuna's journal file, where an append that fails leaves nothing behind: half a line would spoil the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._journal = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations whole, or not at all."""
        size = self._journal.stat().st_size
        try:
            super().append_logs(logs)
        except OSError:
            os.truncate(self._journal, size)
            raise


def repair_journal(path: Path) -> Path | None:
    """Cut a journal where it ceases to be readable, and drop a lock that a killed coordinator left behind.

    Optuna can read neither past. The caller holds the experiment's own lock, so nobody else writes here. What is cut
    off is kept beside the journal; the trials and outcomes in it are restored from the run folders.

    Returns:
        The file that holds what was cut off; None where the journal was whole.
    """
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    if not path.exists():
        return None
    data = path.read_bytes()
    whole = _readable_bytes(data)
    if whole == len(data):
        return None
    n = len(list(path.parent.glob(f"{path.name}.torn-*")))
    quarantine = path.with_name(f"{path.name}.torn-{n}")
    write_atomically(quarantine, data[whole:])
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    return quarantine


def _readable_bytes(data: bytes) -> int:
    """Return the length of the leading whole lines that are JSON objects."""
    end = 0
    for line in data.splitlines(keepends=True):
        try:
            if not line.endswith(b"\n") or not isinstance(json.loads(line), dict):
                break
        except ValueError:
            break
        end += len(line)
    return end


def open_storage(root: ExperimentFolder, url: str | None) -> tuple[BaseStorage, Path | None]:
    """Open an experiment's storage: the URL, else what it was launched with, else a journal in its folder.

    Returns:
        The storage, and what was cut off a torn journal.

    Raises:
        InputError: the URL cannot be used, is not the one of the launch, or a journal would lie on a network disk.
    """
    launched = root.storage.read_text(encoding="utf-8").strip() if root.storage.exists() else None
    if url is None and launched is None:
        return _open_journal(root)
    if url is None:
        url = launched
    assert url is not None
    shown = _without_password(url)
    if launched is None and root.journal.exists():
        raise InputError(f"{root.path} was launched with its journal, not with --storage {shown}; leave --storage out")
    if launched is not None and shown != launched:
        raise InputError(
            f"{root.path} was launched with --storage {launched}, not {shown}; give that, or another --runs"
        )
    storage = _open_database(url, shown)
    if launched is None:
        write_atomically(root.storage, f"{shown}\n".encode())
    return storage, None


def _open_journal(root: ExperimentFolder) -> tuple[BaseStorage, Path | None]:
    if (kind := network_type(root.path)) is not None:
        raise InputError(
            f"{root.journal}: on a network file system ({kind}), whose locks and appends do not protect a journal from "
            "being torn; give --runs on a local disk, or --storage with a database"
        )
    torn = repair_journal(root.journal)
    return JournalStorage(WholeLines(root.journal)), torn


def _without_password(url: str) -> str:
    try:
        return make_url(url)._replace(password=None).render_as_string()
    except ArgumentError as error:
        raise InputError(
            f"--storage is '{url}'; expected a URL such as sqlite:///study.db or postgresql+psycopg://user@host/name"
        ) from error


def _open_database(url: str, shown: str) -> BaseStorage:
    try:
        return optuna.storages.get_storage(RDBStorage(url))
    except (SQLAlchemyError, ImportError, optuna.exceptions.StorageInternalError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--storage {shown} cannot be opened: {reason}") from error
