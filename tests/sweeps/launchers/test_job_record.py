"""What `job.json` says of a job, and what is made of one that is damaged."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cvae.record.run_folder import RunFolder
from sweeps.launchers.job_record import Job, Share, new_token, read_job, write_job


def test_a_job_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    job = Job(RunFolder(tmp_path), new_token(), "slurm", 3, "4711", "running", "n1", larger=Share(2, 0.5, 12.0))
    write_job(job)
    assert read_job(RunFolder(tmp_path)) == job
    assert str(tmp_path) not in (tmp_path / "job.json").read_text()  # a folder may be moved
    job.folder.job.write_text(job.folder.job.read_text().replace('"token"', '"later": 1, "token"'))
    assert read_job(RunFolder(tmp_path)) == job


@pytest.mark.parametrize(
    "damaged", ["", "[]", "null", '{"token": 3}', '{"engine": "slurm"}', '{"token": "x", "attempt": []}']
)
def test_a_damaged_record_is_none(damaged: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(damaged)
    assert read_job(RunFolder(tmp_path)) is None
    assert read_job(RunFolder(tmp_path / "none")) is None


def test_no_token_is_given_twice_and_each_is_a_word_to_every_engine() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(token.removeprefix("cvae-").isalnum() and len(token) == 17 for token in tokens)


def test_a_job_is_described_where_it_is() -> None:
    now = datetime(2026, 1, 1, 12, 12, tzinfo=UTC)
    job = Job(RunFolder(Path("run")), "cvae-1", "slurm", id="4711", phase="queued", said="Resources")
    assert (
        replace(job, since="2026-01-01T12:00:00+00:00").describe(now) == "slurm 4711 queued for 12 min 0 s: Resources"
    )
    assert replace(job, phase="running", where="n1", since="never").describe(now) == "slurm 4711 running on n1"
    assert replace(job, phase="", said="").describe(now) == "slurm 4711 submitted"
