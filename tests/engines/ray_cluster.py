"""A Ray cluster of three nodes on loopback, by the commands a person types: started, broken on purpose, and ended.

Ray comes from `.venv-ray` (`tests/engines/install.sh --ray`). Its daemons are started with `--block`, each in a session
of its own, and ended by their process numbers: `ray stop` would end every Ray of this machine.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.engines.slurm_cluster import free_ports, until

RAY = Path(__file__).parents[2] / ".venv-ray" / "bin" / "ray"

#: Never 127.0.0.1: Ray takes it for "this machine" and puts the outward address in its place.
HEAD, *NODES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")

#: Seconds in which a node has to come up: on a starved machine Ray's daemons give up by themselves.
START_S = 120.0

#: Seconds until Ray's nodes give up a head that is gone, of 60 unless told.
HEADLESS_S = 30

QUIET = {
    "RAY_gcs_rpc_server_reconnect_timeout_s": str(HEADLESS_S),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


class RayCluster:
    """A head without cores, and two nodes with four each and two made-up GPUs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.dashboard_port = free_ports(2)
        self.url = f"http://{HEAD}:{self.dashboard_port}"
        self._sessions: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, address: str) -> None:
        """Start the head, or a node."""
        agent, metrics, *_ = free_ports(2)
        first = 20000 + 1000 * (HEAD, *NODES).index(address)
        options = [
            f"--node-ip-address={address}",
            f"--dashboard-agent-listen-port={agent}",
            f"--metrics-export-port={metrics}",
            f"--min-worker-port={first}",
            f"--max-worker-port={first + 999}",
            "--object-store-memory=80000000",
            "--disable-usage-stats",
            "--block",
        ]
        if address == HEAD:
            options += ["--head", f"--port={self.port}", "--num-cpus=0", "--num-gpus=0", f"--temp-dir={self.folder}"]
            options += [f"--dashboard-host={HEAD}", f"--dashboard-port={self.dashboard_port}"]
        else:
            options += [f"--address={HEAD}:{self.port}", "--num-cpus=4", "--num-gpus=2"]
        with (self.folder / f"{address}.out").open("ab") as output:
            self._sessions[address] = subprocess.Popen(
                [str(RAY), "start", *options],
                env=os.environ | QUIET,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def bring_up(self, address: str, n_then: int, deadline: float) -> None:
        """Start a node until it is up: a daemon that had too little of the machine for 15 s gives up.

        Raises:
            AssertionError: it is not among so many nodes by a time.
        """

        def is_up() -> bool:
            if address not in self._sessions or self._sessions[address].poll() is not None:
                self.start(address)
            return self.n_nodes() >= n_then

        until(is_up, f"Ray's node {address} is up", deadline - time.monotonic())

    def said(self) -> str:
        """Return the last words of each node's start."""
        return " / ".join(path.read_text(errors="replace").strip()[-300:] for path in self.folder.glob("*.out"))

    def get(self, path: str) -> Any:
        """Return what the head answers."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def n_nodes(self) -> int:
        """Return how many nodes the head counts as alive, itself too; 0 where it does not answer."""
        with suppress(OSError, KeyError, ValueError):
            nodes = self.get("/api/v0/nodes?limit=100")["data"]["result"]["result"]
            return sum(node["state"] == "ALIVE" for node in nodes)
        return 0

    def processes(self, name: str, address: str = "") -> list[int]:
        """Return the process numbers of the cluster's daemons that have a name, of one node or of all."""
        sessions = {self._sessions[address].pid} if address else {each.pid for each in self._sessions.values()}
        found = []
        for process in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if name in command and os.getsid(int(process.name)) in sessions:
                    found.append(int(process.name))
        return found

    def kill(self, name: str, address: str = "") -> None:
        """End daemons as a crash would."""
        for pid in self.processes(name, address):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """End every process of the cluster: what it started has its sessions, or its folder on the command line."""
        for session in self._sessions.values():
            session.terminate()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(each.poll() is None for each in self._sessions.values()):
            time.sleep(0.1)
        left = set(self.processes("")) | set(self._of_folder())
        for pid in left - {os.getpid()}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for session in self._sessions.values():
            session.wait()

    def _of_folder(self) -> Iterator[int]:
        for process in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                if str(self.folder).encode() in (process / "cmdline").read_bytes():
                    yield int(process.name)


@contextmanager
def ray_cluster(folder: Path) -> Iterator[RayCluster]:
    """Yield a cluster with its nodes up; skips, saying why, where it cannot be had."""
    if not RAY.exists():
        pytest.skip("Ray is not installed: tests/engines/install.sh --ray")
    folder.mkdir(parents=True)
    cluster = RayCluster(folder)
    try:
        deadline = time.monotonic() + START_S
        try:
            for n, address in enumerate((HEAD, *NODES), 1):  # one after the other: each takes all the cores it gets
                cluster.bring_up(address, n, deadline)
        except AssertionError as error:
            pytest.skip(f"{error} in {START_S:.0f} s: {cluster.said()}")
        yield cluster
    finally:
        cluster.end()
        shutil.rmtree(folder, ignore_errors=True)
