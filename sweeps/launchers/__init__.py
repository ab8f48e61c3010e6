"""Whatever can start, watch and end a worker: this machine, Slurm, Ray; one shape, one module each. No optuna."""

from sweeps.launchers.engine_choice import EngineChoice, choose_engine
from sweeps.launchers.engine_file import EngineOptions
from sweeps.launchers.forked_worker import ForkServer
from sweeps.launchers.job_record import Job, Share, new_token, read_job, write_job
from sweeps.launchers.launcher import NOT_OURS, Cause, Launcher, Phase, Refused, Seen, Unreachable
from sweeps.launchers.local import LocalLauncher
from sweeps.launchers.registry import LAUNCHERS, open_launcher
from sweeps.launchers.worker_process import Start, WorkerProcess, start_worker

__all__ = [
    "LAUNCHERS",
    "NOT_OURS",
    "Cause",
    "EngineChoice",
    "EngineOptions",
    "ForkServer",
    "Job",
    "Launcher",
    "LocalLauncher",
    "Phase",
    "Refused",
    "Seen",
    "Share",
    "Start",
    "Unreachable",
    "WorkerProcess",
    "choose_engine",
    "new_token",
    "open_launcher",
    "read_job",
    "start_worker",
    "write_job",
]
