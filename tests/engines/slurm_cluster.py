"""A Slurm cluster of two nodes on loopback, with the site's own programs: started, broken on purpose, and ended.

It needs the packages of `tests/engines/install.sh` and root, for Slurm's daemons start jobs as any user. Nothing of it
listens beyond 127.0.0.1, and all of it lies in one folder. Two made-up GPUs a node are handed out as real ones are.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NODES = ("n1", "n2")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")

CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort={controller_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/%n/slurmd.pid
SlurmdLogFile={folder}/%n.log
SlurmdSpoolDir={folder}/%n
StateSaveLocation={folder}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=4
KillWait=2
MinJobAge=60
Waittime=0
MessageTimeout=5
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1_port} CPUs=4 RealMemory=4000 Gres=gpu:2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2_port} CPUs=4 RealMemory=4000 Gres=gpu:2
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 State=UP PriorityTier=10 PreemptMode=off
PartitionName=low Nodes=n1,n2 MaxTime=60 State=UP PriorityTier=1 PreemptMode=CANCEL GraceTime=2
"""

GPUS = "NodeName=n[1-2] Name=gpu File=/dev/null\nNodeName=n[1-2] Name=gpu File=/dev/zero\n"


def until(is_so: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until something is so; fail, naming it, where it never is."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)


class SlurmCluster:
    """The daemons of a cluster, by name: `slurmctld`, `n1` and `n2`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configuration = folder / "slurm.conf"
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What sbatch, squeue and scancel need to find it."""
        return {"SLURM_CONF": str(self.configuration)}

    def lay_down(self) -> None:
        """Write its configuration."""
        for name in ("state", *NODES):
            (self.folder / name).mkdir(parents=True)
        ports = free_ports(3)
        text = CONFIGURATION.format(
            folder=self.folder, host=socket.gethostname(), controller_port=ports[0], n1_port=ports[1], n2_port=ports[2]
        )
        self.configuration.write_text(text)
        (self.folder / "gres.conf").write_text(GPUS)

    def start(self, name: str) -> None:
        """Start a daemon, in a session of its own."""
        command = ["slurmctld", "-D"] if name == "slurmctld" else ["slurmd", "-D", "-N", name]
        with (self.folder / f"{name}.out").open("ab") as output:
            self._daemons[name] = subprocess.Popen(
                command, env=os.environ | self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """End a daemon as a crash would; its jobs' processes go on."""
        self._daemons[name].kill()
        self._daemons[name].wait()

    def save(self) -> None:
        """Wait until what the controller knows is on its disk: killed before, it would forget jobs."""
        now = time.time()
        self.call("sbatch", "--hold", "--job-name=saved-by-then", "--output=/dev/null", "--wrap", "true")
        until(lambda: (self.folder / "state" / "job_state").stat().st_mtime > now, "the controller's state is saved")

    def lose_memory(self) -> None:
        """Let the controller come back as one that knows no job and counts from 1."""
        self.kill("slurmctld")
        shutil.rmtree(self.folder / "state")
        (self.folder / "state").mkdir()
        self.start("slurmctld")
        self.wait_until_up()

    def call(self, *command: str) -> str:
        """Return what one of Slurm's own commands prints, or said while it failed."""
        done = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        return (done.stdout + done.stderr).strip()

    def states_of_nodes(self) -> dict[str, str]:
        """Return each node's state as `sinfo` says it."""
        rows = [line.split() for line in self.call("sinfo", "-h", "-N", "-o", "%N %T").splitlines()]
        return {row[0]: row[1] for row in rows if len(row) == 2}

    def wait_until_up(self, seconds: float = 120) -> None:
        """Wait until both nodes take jobs."""
        good = {"idle", "mixed", "allocated"}
        until(lambda: {self.states_of_nodes().get(name) for name in NODES} <= good, "both nodes are up", seconds)

    def mend(self) -> None:
        """Start again what is not running, and wait until both nodes take jobs."""
        for name, daemon in list(self._daemons.items()):
            if daemon.poll() is not None:
                self.start(name)
        self.call("scontrol", "update", "NodeName=n1,n2", "State=RESUME")
        self.wait_until_up()

    def forget_jobs(self) -> None:
        """End every job that is known, and wait until none is at work."""
        self.call("scancel", "--user=root")
        until(lambda: not self.call("squeue", "-h", "-t", "PENDING,RUNNING,COMPLETING"), "no job is left")

    def end(self) -> None:
        """End the daemons and whatever they started."""
        with suppress(AssertionError, subprocess.TimeoutExpired):
            self.forget_jobs()
        for daemon in self._daemons.values():
            daemon.terminate()
        for daemon in self._daemons.values():
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(15)
            daemon.kill()
            daemon.wait()
        for pid in self._left_over():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _left_over(self) -> Iterator[int]:
        """Processes that this cluster's configuration was given to: its jobs and those who watch over them."""
        mark = f"SLURM_CONF={self.configuration}".encode()
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if process.name.isdigit() and mark in (process / "environ").read_bytes().split(b"\0"):
                    yield int(process.name)


def free_ports(n: int) -> list[int]:
    """Return ports that nobody listens at."""
    probes = [socket.socket() for _ in range(n)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def slurm_cluster(folder: Path) -> Iterator[SlurmCluster]:
    """Yield a cluster whose two nodes take jobs; skips, saying why, where it cannot be had."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"Slurm is not installed ({', '.join(missing)}): tests/engines/install.sh")
    if os.geteuid() != 0:
        pytest.skip("Slurm's daemons need root here")
    cluster = SlurmCluster(folder)
    cluster.lay_down()
    try:
        for name in ("slurmctld", *NODES):
            cluster.start(name)
        try:
            cluster.wait_until_up()
        except AssertionError:
            said = "\n".join((folder / f"{name}.out").read_text()[-500:] for name in ("slurmctld", *NODES))
            pytest.skip(f"Slurm does not start here: {cluster.call('sinfo')} {said}")
        yield cluster
    finally:
        cluster.end()
