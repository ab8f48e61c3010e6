from pathlib import Path

import pytest

from cvae.record import RunFolder
from sweeps.launchers import Job, Phase
from sweeps.launchers.slurm.squeue import QueueRow, exit_status_of, parse_rows, seen_of

# Rows as 22.05.8 printed them, and what they mean.
TABLE = [
    ("7|T||PENDING|", None),  # torn
    ("7|T|PENDING||Resources|0|", (Phase.QUEUED, "", None)),
    ("7|T|PENDING||PartitionTimeLimit|0|", (Phase.QUEUED, "never_started", None)),
    ("7|T|RUNNING|n1|None|0|", (Phase.RUNNING, "", None)),
    ("7|T|COMPLETING|n1|None|0|", (Phase.RUNNING, "", None)),
    ("7|T|COMPLETED|n1|None|0|", (Phase.ENDED, "exit", 0)),
    ("7|T|FAILED|n1|NonZeroExitCode|1024|", (Phase.ENDED, "exit", 4)),
    ("7|T|FAILED|n1|JobLaunchFailure|9|", (Phase.ENDED, "exit", -9)),
    ("7|T|FAILED|n1|NonZeroExitCode|36608|", (Phase.ENDED, "time_limit", 143)),
    ("7|T|CANCELLED|n1|None|36608|", (Phase.ENDED, "cancelled", 143)),
    ("7|T|PREEMPTED|n1|None|0|", (Phase.ENDED, "preempted", 0)),
    ("7|T|TIMEOUT|n1|TimeLimit|0|", (Phase.ENDED, "time_limit", 0)),
    ("7|T|OUT_OF_MEMORY|n1|OutOfMemory|0:125|", (Phase.ENDED, "memory", -125)),
    ("7|T|NODE_FAIL|n1|NodeDown|0|", (Phase.ENDED, "node_lost", 0)),
]


@pytest.mark.parametrize(("line", "meaning"), TABLE)
def test_what_a_row_means(line: str, meaning: tuple[Phase, str, int | None] | None) -> None:
    rows = {row.id: row for row in parse_rows(line)}
    seen = seen_of(Job(RunFolder(Path("none")), "T", id="7"), rows)
    assert (seen.phase, seen.cause, seen.exit_status) == (meaning or (Phase.GONE, "", None))


@pytest.mark.parametrize("phase", ["queued", "running"])
def test_a_word_that_nobody_knows_changes_nothing(phase: str) -> None:
    seen = seen_of(Job(RunFolder(Path("none")), "T", id="7", phase=phase), {"7": row("EXPEDITING")})
    assert (seen.phase.value, seen.said) == (phase, "EXPEDITING")


def row(state: str, number: str = "7", reason: str = "None", exit_code: str = "0") -> QueueRow:
    return QueueRow(number, "T", state, "n1", reason, exit_code)


def test_of_two_jobs_with_one_name_the_recorded_one_counts() -> None:
    rows = {"7": row("RUNNING"), "8": row("FAILED", "8")}
    assert seen_of(Job(RunFolder(Path("none")), "T", id="7"), rows).phase is Phase.RUNNING
    assert seen_of(Job(RunFolder(Path("none")), "T"), rows).phase is Phase.ENDED  # the later


def test_a_queued_job_says_what_it_waits_for() -> None:
    seen = seen_of(Job(RunFolder(Path("none")), "T", id="7"), {"7": row("PENDING", reason="QOSMaxJobsPerUserLimit")})
    assert seen.said == "QOSMaxJobsPerUserLimit"


@pytest.mark.parametrize(
    ("log", "is_ended_by_us", "cause"),
    [
        ("slurmstepd: error: Exceeded memory limit: being killed", False, "memory"),
        ("Detected 1 oom-kill event(s) in StepId=7.batch", False, "memory"),
        ("Detected 1 oom-kill event(s) in StepId=7.batch", True, "exit"),
        ("epoch 3", False, "exit"),
    ],
)
def test_a_bare_kill_is_out_of_memory_where_the_log_says_so(
    tmp_path: Path, log: str, is_ended_by_us: bool, cause: str
) -> None:
    job = Job(RunFolder(tmp_path), "T", id="7", is_ended_by_us=is_ended_by_us)
    job.log.write_text("x" * 5000 + log)
    assert seen_of(job, {"7": row("FAILED", exit_code="9")}).cause == cause


def test_sigterm_that_we_sent_is_no_time_limit() -> None:
    job = Job(RunFolder(Path("none")), "T", id="7", is_ended_by_us=True)
    assert seen_of(job, {"7": row("FAILED", exit_code="36608")}).cause == "exit"


@pytest.mark.parametrize(
    ("written", "status"), [("0", 0), ("1024", 4), ("15", -15), ("4:0", 4), ("0:9", -9), ("", None)]
)
def test_exit_statuses(written: str, status: int | None) -> None:
    assert exit_status_of(written) == status
