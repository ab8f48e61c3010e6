"""A PostgreSQL server on loopback for one test: started, used, stopped."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "postgres"


def programs() -> Path | None:
    """Return the folder with the server's programs; None where there is no server."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def server(place: Path) -> Iterator[str]:
    """Yield the URL of an empty database; skips the test where there is no server or no user to run it."""
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

    def call(*command: str) -> None:
        subprocess.run(command, user=owner, cwd=place, check=True, stdout=subprocess.DEVNULL, timeout=120)

    call(str(programs_at / "initdb"), "-D", str(data), "-A", "trust", "-U", name, "--no-sync")
    call(str(programs_at / "pg_ctl"), "-D", str(data), "-l", str(data / "log"), "-w", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://{name}@127.0.0.1:{port}/postgres"
    finally:
        call(str(programs_at / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")


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
