"""Submitting workers as jobs of a Ray cluster, looking at all of them at once, and ending them.

Our token is the submission id, so a job submitted twice is one job, and a coordinator that was killed finds it again.
The address executes code for whoever reaches it: on a shared network it needs a token (`RAY_AUTH_TOKEN`) or a tunnel.
"""

import json
import re
import shlex
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from cvae.errors import InputError
from sweeps.child_environment import worker_environment
from sweeps.launchers.job_record import Job, Share
from sweeps.launchers.launcher import Cause, Launcher, Phase, Refused, Seen, Unreachable
from sweeps.launchers.ray.ray_head import NotDone, RayHead
from sweeps.launchers.ray.ray_options import RayOptions

#: Seconds between a job's SIGTERM and its SIGKILL, of which Ray gives 3 unless told.
GRACE_S = 60

#: What kind of failure stands for a node, and what for a job that never began; any other is the worker's own end.
CAUSES: dict[str, Cause] = {
    "JOB_SUPERVISOR_ACTOR_DIED": "node_lost",
    "JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE": "node_lost",
    "JOB_SUPERVISOR_ACTOR_START_TIMEOUT": "never_started",
    "JOB_SUPERVISOR_ACTOR_START_FAILURE": "never_started",
    "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE": "never_started",
    "JOB_ENTRYPOINT_COMMAND_START_ERROR": "never_started",
    "RUNTIME_ENV_SETUP_FAILURE": "never_started",
}

#: The same in the words of versions without kinds.
WORDS: dict[str, Cause] = {"supervisor actor died": "node_lost", "failed to start within": "never_started"}

OUT_OF_MEMORY = re.compile("low on memory|out of memory|OutOfMemory|oom", re.IGNORECASE)


class RayLauncher:
    """Submits each run as a job of its own.

    Args:
        options: the cluster, and what the user says of it.
    """

    name, poll_s, lost_s, is_local = "ray", 5.0, 120.0, False

    def __init__(self, options: RayOptions) -> None:
        self._options, self._head = options, RayHead(options.address)
        self._sent, self._jobs_then = b"", ()  # type: tuple[bytes, Collection[Job]]
        self._seen_then: dict[str, Seen] = {}

    def submit(self, job: Job, share: Share, environment: Mapping[str, str]) -> str:
        """Submit a job whose submission id is the token, and return that; one that is there already is that job.

        Raises:
            Refused: Ray does not take it.
        """
        try:
            self._head.call("/api/jobs/", self.request(job, share, environment))
        except NotDone as answer:
            if "already exists" not in answer.text:  # its reply was lost the first time
                raise Refused(str(answer)) from answer
        return job.token

    def request(self, job: Job, share: Share, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return what is asked of Ray. The worker takes the shell's place, so that its end is the job's."""
        told = self._options
        variables = worker_environment(environment) | {"RAY_JOB_STOP_WAIT_TIME_S": str(GRACE_S)}
        if not share.gpus:
            variables["CUDA_VISIBLE_DEVICES"] = ""  # without GPUs asked for, a job sees them all
        command = shlex.join(job.worker_command(told.python) if told.python else job.worker_command())
        worker = f"exec {command} >> {shlex.quote(str(job.log))} 2>&1 < /dev/null"
        request = {
            "submission_id": job.token,
            "entrypoint": "\n".join([*told.setup, worker]),
            "entrypoint_num_cpus": share.cpus,
            "entrypoint_num_gpus": share.gpus,
            "metadata": {"run": "/".join(job.folder.path.parts[-2:])},
            "runtime_env": {"env_vars": variables},
        }
        if share.memory_gb:
            request["entrypoint_memory"] = round(share.memory_gb * 2**30)
        if told.resources:
            request["entrypoint_resources"] = told.resources
        return request

    def find(self, jobs: Collection[Job]) -> dict[str, str]:
        """Return token -> token of the jobs that the head knows."""
        known = self._parsed(self._list()) if jobs else {}
        return {job.token: job.token for job in jobs if job.token in known}

    def look(self, jobs: Collection[Job]) -> dict[str, Seen]:
        """Return how each stands, by one call; the last answer where the head sends it again to the byte."""
        if not jobs:
            return {}
        sent = self._list()
        if sent != self._sent or jobs is not self._jobs_then or not isinstance(jobs, tuple):
            known = self._parsed(sent)
            self._seen_then = {
                j.token: _seen(j, known[j.token]) if j.token in known else Seen(Phase.GONE) for j in jobs
            }
            self._sent, self._jobs_then = sent, jobs
        return self._seen_then

    def end(self, job: Job, *, now: bool) -> None:
        """Ask Ray to stop a job: SIGTERM, and after a minute SIGKILL, whatever is asked; a queued one stays queued."""
        with suppress(NotDone):
            self._head.call(f"/api/jobs/{job.token}/stop", {}, "POST")

    def forget(self, job: Job) -> None:
        """Delete what the head keeps of a job: its dashboard slows down by thousands of them."""
        with suppress(NotDone):
            self._head.call(f"/api/jobs/{job.token}", method="DELETE")

    def enlarge(self, share: Share) -> Share | None:
        """Return twice the part of a GPU, up to a whole one; of memory half as much again, up to the user's most."""
        if 0 < share.gpus < 1:
            return replace(share, gpus=min(1.0, 2 * share.gpus))
        return self._options.more_memory(share)

    def close(self) -> None:
        """Do nothing: no connection is held."""

    def version(self) -> str:
        """Return the cluster's version of Ray."""
        return str(self._head.call("/api/version")["ray_version"])

    def _list(self) -> bytes:
        try:
            return self._head.read("/api/jobs/")
        except NotDone as error:
            raise Unreachable(f"{self._options.address}: {error}") from error

    def _parsed(self, sent: bytes) -> dict[str, dict[str, Any]]:
        try:
            # drivers' jobs have no submission id
            return {job["submission_id"]: job for job in json.loads(sent) if job.get("submission_id")}
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise Unreachable(f"{self._options.address}: {error}") from error


def _seen(job: Job, found: Mapping[str, Any]) -> Seen:
    status, where = found.get("status"), urlsplit(found.get("driver_agent_http_address") or "").hostname or ""
    message = " ".join(str(found.get("message") or "").partition(", last available logs")[0].split())
    exit_status = found.get("driver_exit_code")
    match status:
        case "PENDING":
            return Seen(Phase.QUEUED, said=message.partition(".")[2].strip() or message)
        case "RUNNING":
            return Seen(Phase.RUNNING, where)
        case "SUCCEEDED":
            return Seen(Phase.ENDED, where, "exit", 0 if exit_status is None else exit_status)
        case "STOPPED":
            return Seen(Phase.ENDED, where, "cancelled", exit_status, message)
        case "FAILED":
            cause = CAUSES.get(str(found.get("error_type"))) or _cause_by_words(message)
            if cause == "exit" and exit_status == -9 and OUT_OF_MEMORY.search(str(found.get("message"))):
                cause = "memory"
            return Seen(Phase.ENDED, where, cause, exit_status, message)
    last = Phase.RUNNING if job.phase == Phase.RUNNING.value else Phase.QUEUED
    return Seen(last, where, said=str(status))  # a word of a newer Ray: whatever it says, it is no death


def _cause_by_words(message: str) -> Cause:
    return next((cause for words, cause in WORDS.items() if words in message), "exit")


def make_launcher(settings: RayOptions) -> Launcher:
    """Return the launcher of a cluster.

    Raises:
        InputError: no head answers at the address.
    """
    launcher = RayLauncher(settings)
    try:
        launcher.version()
    except (Unreachable, NotDone, TypeError, KeyError) as error:
        raise InputError(f"--ray: {error}; expected the dashboard of a Ray head, as http://HOST:8265") from error
    return launcher
