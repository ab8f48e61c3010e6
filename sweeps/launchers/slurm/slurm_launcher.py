"""Submitting workers as batch jobs, looking at all of them at once, and ending them.

`squeue` alone is asked, for how a run ended stands in its folder; accounting (`sacct`) is absent at many sites. A job's
name is our token: Slurm gives an id out again after its controller lost its memory.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Collection, Mapping

from cvae.errors import InputError
from sweeps.child_environment import worker_environment
from sweeps.launchers.job_record import Job, Share
from sweeps.launchers.launcher import Launcher, Refused, Seen, Unreachable
from sweeps.launchers.slurm.queue_memory import QueueMemory
from sweeps.launchers.slurm.slurm_options import SlurmOptions
from sweeps.launchers.slurm.squeue import ROWS, parse_rows
from sweeps.units import parse_duration

#: The first whose `squeue` has `--me`, `-O 'Name:|'` and whose `sbatch` has `--export=NIL`.
OLDEST = (20, 11)

#: What Slurm's commands say where its controller, and nothing that was asked of it, is the trouble.
SILENT = re.compile(
    "Unable to contact|timed out|Connection refused|Connection reset|Connection timed|Zero Bytes were transmitted"
    "|Address already in use|Transport endpoint|currently disabled|in standby mode|Unexpected message"
)

#: What `sbatch` says where more jobs are taken later.
LIMIT = re.compile("MaxSubmit|temporarily unable|Resource temporarily|MaxJobCount|reached a limit", re.IGNORECASE)

#: Seconds before a time limit at which Slurm tells a worker to end, at most.
WARNING_S = 90

#: Seconds that a command of Slurm's may take.
CALL_S = 30.0


class SlurmLauncher:
    """Submits each run as a batch job of its own.

    Args:
        options: what the user says of the site.
    """

    name, poll_s, lost_s, is_local = "slurm", 10.0, 120.0, False

    def __init__(self, options: SlurmOptions) -> None:
        self._options, self._memory = options, QueueMemory()
        self._cluster = [f"--clusters={options.cluster}"] if options.cluster else []

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        """Submit a batch job whose name is the token; return its id.

        Raises:
            Refused: Slurm does not take it.
        """
        done = self._call(self.sbatch_command(job, share), self.script(job, share, environment))
        if done.returncode:
            said = " ".join(done.stderr.split()).replace("sbatch: error: ", "")
            raise Refused(said, is_limit=LIMIT.search(said) is not None)
        return done.stdout.strip().split(";")[0]  # id[;cluster]

    def sbatch_command(self, job: Job, share: Share) -> list[str]:
        """Return the command line that submits a job; its script comes by standard input."""
        told = self._options
        limit_s = parse_duration(told.time_limit) if told.time_limit else None
        warning_s = WARNING_S if limit_s is None else int(min(WARNING_S, limit_s / 4))
        return [
            "sbatch",
            "--parsable",
            f"--job-name={job.token}",
            "--no-requeue",  # our policy decides; Slurm would start an attempt behind its back
            "--open-mode=append",
            f"--output={str(job.log).replace('%', '%%')}",
            f"--chdir={job.folder.path.absolute()}",
            "--export=NIL",  # nothing of the login node: neither its GPUs nor its threads
            f"--signal=B:TERM@{warning_s}",
            f"--cpus-per-task={share.cpus}",
            *([f"--time={max(1, round(limit_s / 60))}"] if limit_s else []),
            *([f"--mem={round(share.memory_gb * 1024)}M"] if share.memory_gb else []),
            *([f"--gres=gpu:{int(share.gpus)}"] if share.gpus else []),
            *([f"--gres=shard:{told.shards}"] if told.shards else []),
            *([f"--partition={told.partition}"] if told.partition else []),
            *([f"--account={told.account}"] if told.account else []),
            *([f"--qos={told.qos}"] if told.qos else []),
            *self._cluster,
            *told.options,
        ]

    def script(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        """Return the batch script. The worker takes the shell's place, so that signals reach it."""
        told = self._options
        variables = {key: os.environ[key] for key in ("HOME", "USER") if key in os.environ}
        variables |= worker_environment(environment)
        has_gpu = share.gpus or told.shards or any(re.match("--gres|--gpu|-G", option) for option in told.options)
        if not has_gpu:
            variables["CUDA_VISIBLE_DEVICES"] = ""  # a site without GPU accounting shows a job all of them
        command = job.worker_command(told.python) if told.python else job.worker_command()
        return "\n".join(
            [
                "#!/bin/bash -l" if told.setup else "#!/bin/sh",  # `module` is a function of login shells
                *(f"export {key}={shlex.quote(value)}" for key, value in variables.items()),
                *told.setup,
                f"exec {shlex.join(command)}",
                "",
            ]
        )

    def find(self, jobs: Collection[Job]) -> dict[str, str]:
        """Return token -> id of the jobs that Slurm knows by their names."""
        tokens = {job.token for job in jobs}
        return {row.name: row.id for row in parse_rows(self._queue()) if row.name in tokens} if tokens else {}

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        """Return how each stands, by one call."""
        return self._memory.read(jobs, self._queue()) if jobs else {}

    def end(self, job: Job, *, now: bool) -> None:
        """Cancel a job, by its id and its name: an id alone may be another job's by now."""
        which = [*self._cluster, f"--name={job.token}", *([job.id] if job.id else ["--me"])]
        if now:
            self._call(["scancel", "--full", "--signal=KILL", *which])  # to a queued one, nothing happens
        self._call(["scancel", *(["--state=PENDING"] if now else []), *which])

    def forget(self, job: Job) -> None:
        """Do nothing: Slurm forgets by itself."""

    def enlarge(self, share: Share) -> Share | None:
        """Return half as much memory again, up to the user's `most_memory_gb`."""
        return self._options.more_memory(share)

    def close(self) -> None:
        """Do nothing: no connection is held."""

    def _queue(self) -> str:
        done = self._call(["squeue", "--me", "-h", "-t", "all", "-O", ROWS, *self._cluster])
        if done.returncode:
            raise Unreachable(" ".join(done.stderr.split()))  # of all jobs nothing can be invalid but the answer
        return done.stdout

    def _call(self, command: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        try:
            done = subprocess.run(
                command, input=stdin, capture_output=True, text=True, errors="replace", timeout=CALL_S,
                env=own_environment(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Unreachable(f"{command[0]} gave no answer in {CALL_S:.0f} s") from error
        except OSError as error:
            raise Unreachable(f"{command[0]}: {error.strerror}") from error
        if done.returncode and SILENT.search(done.stderr):
            raise Unreachable(" ".join(done.stderr.split()))
        return done


def own_environment() -> dict[str, str]:
    """Return this process's environment without what Slurm tells a job: the coordinator may be one."""
    kept = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT")
    return {key: value for key, value in os.environ.items() if not key.startswith("SLURM_") or key in kept}


def make_launcher(settings: SlurmOptions) -> Launcher:
    """Return the launcher of the Slurm whose commands are here.

    Raises:
        InputError: they are not, or are too old.
    """
    missing = [name for name in ("sbatch", "squeue", "scancel") if shutil.which(name) is None]
    if missing:
        raise InputError(f"--engine slurm: {', '.join(missing)} not found; run this on a machine that submits jobs")
    said = subprocess.run(["sbatch", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version and (int(version[1]), int(version[2])) < OLDEST:
        raise InputError(f"--engine slurm: this is {said.strip()}; needed is {OLDEST[0]}.{OLDEST[1]} or newer")
    return SlurmLauncher(settings)
