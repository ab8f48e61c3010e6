"""Several views of one folder, as several machines have of a shared disk: sshfs mounts, each with caches of its own.

Between two of them nothing is locked: a file locked through one is free through the other. Each is served by a process
of its own over a pipe, so that neither network nor key is needed.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVER = Path("/usr/lib/openssh/sftp-server")

#: Two machines for coordinators, and those of the workers.
MACHINES = ("front", "back", "n1", "n2")


@contextmanager
def twin_mounts(folder: Path) -> Iterator[dict[str, Path]]:
    """Yield machine -> where it sees the folder; skips, saying why, where there is no FUSE."""
    if shutil.which("sshfs") is None or not SERVER.exists():
        pytest.skip("sshfs, or the server of its files, is not installed: tests/engines/install.sh")
    if not Path("/dev/fuse").exists():
        pytest.skip("no FUSE here: /dev/fuse is missing")
    shared, serve = folder / "shared", folder / "serve"
    shared.mkdir(parents=True)
    serve.write_text(f"#!/bin/sh\nexec {SERVER}\n")
    serve.chmod(0o755)
    seen: dict[str, Path] = {}
    try:
        for name in MACHINES:
            (folder / name).mkdir()
            done = subprocess.run(
                ["sshfs", "-o", f"ssh_command={serve}", f"{name}:{shared}", str(folder / name)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"sshfs does not mount here: {done.stderr.strip()}")
            seen[name] = folder / name
        yield seen
    finally:
        for path in seen.values():
            subprocess.run(["umount", "-l", str(path)], capture_output=True, check=False)
