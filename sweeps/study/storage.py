"""Where the studies lie: a journal beside the runs, or any Optuna URL. Only the coordinator opens it."""

from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from cvae.errors import InputError
from cvae.files import network_type, write_atomically
from sweeps.experiment_folder import ExperimentFolder, Ledger
from sweeps.study.journal import open_whole_journal
from sweeps.study.storage_url import check_url, shown_url, without_secrets


def open_storage(root: ExperimentFolder, url: str | Path | None) -> tuple[BaseStorage, Path | None]:
    """Open an experiment's storage: the URL, else what it was launched with, else a journal in its folder.

    Args:
        root: the experiment's folder.
        url: Optuna's URL, or the path of a journal that lies elsewhere. One that is on another machine's disk is not
            missed: the run folders hold all that is in it.

    Returns:
        The storage, and what was cut off a torn journal.

    Raises:
        InputError: the URL cannot be used, is not the one of the launch, or a journal would lie on a network disk.
    """
    launched = _launched_with(root)
    if isinstance(url, Path):
        if launched is not None:
            raise InputError(f"{root.path} was launched with --storage {launched}; leave --journal out")
        if url.is_dir():
            raise InputError(f"--journal is {url}: that is a folder; expected a file, or a new name for one")
        write_atomically(root.journal_path, f"{url.absolute()}\n".encode())
        url = None
    if url is None and launched is None:
        return _open_journal(root)
    if url is None:
        url = launched
    assert url is not None
    shown = shown_url(url)
    if launched is None and root.journal.exists():
        raise InputError(f"{root.path} was launched with its journal, not with --storage {shown}; leave --storage out")
    if launched is not None and shown != launched:
        raise InputError(
            f"{root.path} was launched with --storage {launched}, not {shown}; give that, or another --runs"
        )
    storage = _open_database(url, shown)
    if launched is None or not root.storage.exists():
        write_atomically(root.storage, f"{shown}\n".encode())
    return storage, None


def _launched_with(root: ExperimentFolder) -> str | None:
    """Return the URL, without its secrets, that an experiment was launched with; None for its journal.

    Where the file that says it is damaged, the ledger does.

    Raises:
        InputError: neither says it.
    """
    if not root.storage.exists():
        return None
    try:
        url = root.storage.read_text(encoding="utf-8").strip()
        check_url(url, str(root.storage))
    except (UnicodeDecodeError, InputError) as error:
        known = (Ledger(root.ledger).last_start() or {}).get("storage")
        if isinstance(known, str):
            write_atomically(root.storage, f"{known}\n".encode())
            return known
        raise InputError(
            f"{root.storage}: is damaged, and nothing else says where the studies lie; write the URL of --storage there"
        ) from error
    return url


def _open_journal(root: ExperimentFolder) -> tuple[BaseStorage, Path | None]:
    if (kind := network_type(root.journal.parent)) is not None:
        raise InputError(
            f"{root.journal}: on a network file system ({kind}), whose locks and appends do not protect a journal from "
            "being torn; give --journal with a file on a local disk, or --runs there, or --storage with a database"
        )
    try:
        root.journal.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{root.journal}: cannot be created ({error.strerror}); give another --journal") from error
    try:
        return open_whole_journal(root.journal)
    except PermissionError as error:
        raise InputError(f"{error.filename or root.journal}: cannot be read ({error.strerror})") from error


def _open_database(url: str, shown: str) -> BaseStorage:
    try:
        # asked before each use whether a connection is still alive: a server may have been restarted since
        return optuna.storages.get_storage(RDBStorage(url, engine_kwargs={"pool_pre_ping": True}))
    except (SQLAlchemyError, ImportError, optuna.exceptions.StorageInternalError) as error:
        reason = without_secrets(str(error).splitlines()[0], url)
        raise InputError(f"--storage {shown} cannot be opened: {reason}") from error


def database_trouble(error: BaseException | None) -> str | None:
    """Return what is the matter with a database, in words, if an error comes from one that does not answer."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            reason = str(error.orig).strip().splitlines() or ["no reason given"]
            return f"the studies' storage does not answer ({without_secrets(reason[0])})"
        error = error.__cause__ or error.__context__
    return None
