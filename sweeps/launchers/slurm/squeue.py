"""What `squeue` says of a job: its rows, Slurm's words for how a job stands, and what they mean to a sweep."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from sweeps.launchers.job_record import Job
from sweeps.launchers.launcher import Cause, Phase, Seen

#: Fields of a row, as `squeue -O` takes them.
ROWS = "JobID:|,Name:|,State:|,NodeList:|,Reason:|,exit_code:|"

QUEUED = {
    *("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED"),
    *("SPECIAL_EXIT", "RESV_DEL_HOLD", "SUSPENDED", "STOPPED"),
}
RUNNING = {"RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "RESIZING"}
ENDED: dict[str, Cause] = {
    **{"COMPLETED": "exit", "FAILED": "exit", "CANCELLED": "cancelled", "REVOKED": "cancelled"},
    **{"TIMEOUT": "time_limit", "DEADLINE": "time_limit", "PREEMPTED": "preempted", "OUT_OF_MEMORY": "memory"},
    **{"NODE_FAIL": "node_lost", "BOOT_FAIL": "node_lost", "LAUNCH_FAILED": "node_lost"},
}

#: Why a pending job never starts, if nobody changes something; any other reason passes.
NEVER = ("PartitionConfig", "PartitionTimeLimit", "PartitionNodeLimit", "BadConstraints", "ReqNodeNotAvail", "JobHeld",
         "AssocGrpCPUMinutesLimit", "InvalidAccount", "InvalidQOS", "QOSMaxCpuPerJobLimit", "QOSMaxGRESPerJob",
         "QOSMaxMemoryPerJob", "QOSMaxWallDurationPerJobLimit", "launch failed requeued held")  # fmt: skip

#: What Slurm or the kernel leaves in a job's output when it is killed for its memory.
OUT_OF_MEMORY = re.compile(rb"exceeded memory limit|oom[-_ ]?kill|out of memory", re.IGNORECASE)

#: The worker's exit status after SIGTERM.
ENDED_BY_SIGTERM = 143


class QueueRow(NamedTuple):
    """What `squeue` prints of one job."""

    id: str
    name: str
    state: str
    where: str
    reason: str
    exit_code: str


def parse_rows(printed: str) -> Iterator[QueueRow]:
    """Yield the rows of what `squeue` printed."""
    for line in printed.splitlines():
        if line.count("|") >= len(QueueRow._fields):  # with several clusters each has a line of its own
            yield QueueRow(*(part.strip() for part in line.split("|")[: len(QueueRow._fields)]))


def seen_of(job: Job, rows: Mapping[str, QueueRow]) -> Seen:
    """Return how a job stands.

    Args:
        job: the job; its id may be another's by now.
        rows: id -> row of those that have its name: a lost reply can have made two.
    """
    if not rows:
        return Seen(Phase.GONE)
    row = rows.get(job.id or "") or max(rows.values(), key=lambda row: (len(row.id), row.id))  # the later
    if row.state in QUEUED:
        is_stuck = row.reason.startswith(NEVER)
        return Seen(
            Phase.QUEUED,
            cause="never_started" if is_stuck else "",
            said=row.reason if row.state == "PENDING" else row.state,
        )
    if row.state in RUNNING:
        return Seen(Phase.RUNNING, row.where)
    if row.state not in ENDED:  # a word of a newer Slurm: whatever it says, it is no death
        last = Phase.RUNNING if job.phase == Phase.RUNNING.value else Phase.QUEUED
        return Seen(last, row.where, said=row.state)
    exit_status, cause = exit_status_of(row.exit_code), ENDED[row.state]
    if cause == "exit" and exit_status == ENDED_BY_SIGTERM and not job.is_ended_by_us:
        cause = "time_limit"  # it was warned of its limit, and its worker left at once
    if cause == "exit" and exit_status == -9 and not job.is_ended_by_us and _ran_out_of_memory(job):
        cause = "memory"  # where no control group counts, Slurm has no other word for it
    return Seen(Phase.ENDED, row.where, cause, exit_status, f"{row.state} {row.reason}".removesuffix(" None"))


def exit_status_of(written: str) -> int | None:
    """Return the exit status, a signal negative, that squeue writes as a wait status or as STATUS:SIGNAL."""
    with suppress(ValueError):
        if ":" in written:
            status, number = (int(part) for part in written.split(":"))
            return -number if number else status
        return os.waitstatus_to_exitcode(int(written))
    return None


def _ran_out_of_memory(job: Job) -> bool:
    try:
        with job.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 2000))
            return OUT_OF_MEMORY.search(log.read()) is not None
    except OSError:
        return False
