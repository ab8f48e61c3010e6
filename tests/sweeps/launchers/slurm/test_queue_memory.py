"""An answer read against the one before it says what it says when it is read alone."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cvae.record import RunFolder
from sweeps.launchers import Job, Seen
from sweeps.launchers.slurm.queue_memory import QueueMemory
from sweeps.launchers.slurm.squeue import QueueRow, parse_rows, seen_of

NAMES = ("a", "b", "c")
FOLDER = RunFolder(Path("none"))

Row = tuple[str, str, str]  # number, name, state

rows = st.tuples(
    st.sampled_from(["1", "2", "3", "4"]),
    st.sampled_from([*NAMES, "anothers"]),
    st.sampled_from(["PENDING", "RUNNING", "FAILED", "EXPEDITING"]),
)
answers = st.lists(rows, max_size=6, unique_by=lambda row: row[0])  # Slurm prints a number once
jobs = st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from([None, "1", "2"]), st.sampled_from("qr")))


def printed(answer: list[Row]) -> str:
    return "".join(f"{number}|{name}|{state}|n1|None|0|\n" for number, name, state in sorted(answer))


def read_alone(job: Job, text: str) -> Seen:
    found: dict[str, QueueRow] = {row.id: row for row in parse_rows(text) if row.name == job.token}
    return seen_of(job, found)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(answers, jobs), min_size=1, max_size=6))
def test_what_is_remembered_changes_no_word(looks: list[tuple[list[Row], dict[str, tuple[str | None, str]]]]) -> None:
    memory, known = QueueMemory(), {}  # type: tuple[QueueMemory, dict[tuple[str, str | None, str], Job]]
    for answer, asked in looks:
        for key in ((name, *facts) for name, facts in asked.items()):
            phase = {"q": "queued", "r": "running"}[key[2]]
            known.setdefault(key, Job(FOLDER, key[0], "slurm", id=key[1], phase=phase))
        these = tuple(known[name, *facts] for name, facts in asked.items())
        text = printed(answer)
        assert memory.read(these, text) == {job.token: read_alone(job, text) for job in these}


def test_the_same_answer_for_the_same_jobs_is_the_same_object() -> None:
    memory, text = QueueMemory(), printed([("1", "a", "PENDING"), ("2", "b", "RUNNING")])
    these = tuple(Job(FOLDER, name, "slurm") for name in "ab")
    first = memory.read(these, text)
    assert memory.read(these, text.replace("PENDING", "PENDING")) is first
    later = memory.read(these, text.replace("PENDING", "RUNNING"))
    assert later is not first
    assert later["b"] is first["b"]
    assert memory.read(tuple(these[:1]), text) is not later


def test_two_lines_of_one_job_that_leave_together_are_gone() -> None:
    memory, jobs = QueueMemory(), (Job(FOLDER, "a", "slurm", id="1"),)
    memory.read(jobs, printed([("1", "a", "PENDING"), ("1", "a", "RUNNING")]))
    assert memory.read(jobs, "") == {"a": read_alone(jobs[0], "")}
