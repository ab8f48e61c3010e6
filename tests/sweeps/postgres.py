"""A PostgreSQL server on loopback for one test: started, used, stopped, and if a test wants it, restarted."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import BaseStorage, RDBStorage

USER = "postgres"


def programs() -> Path | None:
    """Return the folder with the server's programs; None where there is no server."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@dataclass(frozen=True)
class Database:
    """A server with an empty database."""

    url: str
    owner: str | None  # who runs it; None: this user
    command: tuple[str, ...]
    options: str

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._call("-l", f"{self.command[2]}/log", "-o", self.options, "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would: every connection breaks."""
        self._call("-m", "immediate", "stop")

    def _call(self, *arguments: str) -> None:
        command = [*self.command, "-w", *arguments]
        subprocess.run(command, user=self.owner, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=120)


@contextmanager
def open_to_all(prefix: str) -> Iterator[Path]:
    """Yield a folder that another user may enter: pytest's own are closed, and a server has a user of its own."""
    place = Path(tempfile.mkdtemp(prefix=prefix))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def server(place: Path) -> Iterator[Database]:
    """Yield a running server; skips the test where there is none, or no user to run it."""
    pytest.importorskip("psycopg")
    programs_at = programs()
    if programs_at is None:
        pytest.skip("PostgreSQL is not installed")
    data = place / "data"
    data.mkdir(parents=True)
    owner = _owner_of(place, data)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c fsync=off"
    name = owner or pwd.getpwuid(os.geteuid()).pw_name

    initdb = [str(programs_at / "initdb"), "-D", str(data), "-A", "trust", "-U", name, "--no-sync"]
    subprocess.run(initdb, user=owner, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=120)
    url = f"postgresql+psycopg://{name}@127.0.0.1:{port}/postgres"
    database = Database(url, owner, (str(programs_at / "pg_ctl"), "-D", str(data)), options)
    database.start()
    try:
        yield database
    finally:
        database.stop()


def _owner_of(place: Path, data: Path) -> str | None:
    """Give the folder to a user who may run a server: root may not."""
    if os.geteuid() != 0:
        return None
    try:
        owner = pwd.getpwnam(USER)
    except KeyError:
        pytest.skip(f"PostgreSQL refuses to run as root, and there is no user {USER}")
    for path in (place, data):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return USER


def outcomes(storage: BaseStorage) -> dict[str, list[tuple[int, str, float | None, dict[str, Any]]]]:
    names = optuna.get_all_study_names(storage)
    studies = {name: optuna.load_study(study_name=name, storage=storage).get_trials() for name in names}
    return {name: [(t.number, t.state.name, t.value, t.params) for t in trials] for name, trials in studies.items()}


def outcomes_at(url: str) -> dict[str, list[tuple[int, str, float | None, dict[str, Any]]]]:
    storage = RDBStorage(url)
    try:
        return outcomes(storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()
