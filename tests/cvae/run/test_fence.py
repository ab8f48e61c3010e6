"""The right to write into a run's folder: of one job, claimed by one process, and taken away by a new token."""

from dataclasses import replace
from pathlib import Path

import pytest

from cvae.config import Config
from cvae.data.store import Store
from cvae.errors import AlreadyTraining, InputError, NoLocks
from cvae.record.run_folder import RunFolder
from cvae.run.fence import Fence, taken
from cvae.run.train_run import train_run
from cvae.train import prepare


def name_job(folder: RunFolder, token: str) -> None:
    folder.path.mkdir(exist_ok=True)
    folder.job.write_text(f'{{"token": "{token}"}}')


def contents(folder: RunFolder) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.path.iterdir() if p.is_file() and p.name not in ("lock", "job.json")}


def test_a_job_is_claimed_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    name_job(folder, "cvae-1")
    Fence(folder, "cvae-1").claim()
    with pytest.raises(AlreadyTraining, match="another process has taken the job cvae-1"):
        Fence(folder, "cvae-1").claim()
    name_job(folder, "cvae-2")
    Fence(folder, "cvae-2").claim()
    assert [path.name for path in tmp_path.glob("claim-*")] == ["claim-cvae-2"]
    with pytest.raises(AlreadyTraining):  # submitted twice, and started after its time
        Fence(folder, "cvae-1").claim()


@pytest.mark.parametrize("damaged", [None, "", "[1]", '{"token": 3}', "\0"])
def test_a_record_that_cannot_be_read_names_no_other(damaged: str | None, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    if damaged is not None:
        folder.job.write_text(damaged)
    assert Fence(folder, "cvae-1").is_ours
    assert Fence(folder).is_ours


def test_a_token_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is none"):
        Fence(RunFolder(tmp_path), "../x").claim()


def test_without_locks_the_claim_keeps_others_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def has_none(*arguments: object, **options: object) -> None:
        raise NoLocks("no locks")

    monkeypatch.setattr("cvae.run.fence.held", has_none)
    with taken(Fence(RunFolder(tmp_path), "cvae-1")):
        pass
    with pytest.raises(NoLocks), taken(Fence(RunFolder(tmp_path))):
        pass


def test_a_worker_whose_run_is_anothers_by_now_writes_nothing_more(
    tmp_path: Path, tiny: Config, tiny_store: Store
) -> None:
    # an engine said that it was lost; the next attempt's token is in the record when it comes back
    folder = RunFolder(tmp_path / "run")
    prepare(folder, tiny)
    name_job(folder, "cvae-1")
    work = train_run(folder, "cvae-1")
    next(work)
    assert folder.read_state().token == "cvae-1"
    assert folder.read_state().host
    name_job(folder, "cvae-2")
    before = contents(folder)
    with pytest.raises(AlreadyTraining, match="another job trains this run by now"):
        next(work)
    after = contents(folder)
    assert {k: v for k, v in after.items() if k != "heartbeat"} == {k: v for k, v in before.items() if k != "heartbeat"}
    folder.write_state(replace(folder.read_state(), status="interrupted"))
    assert len(list(train_run(folder, "cvae-2"))) > 0
    assert folder.read_state().status == "finished"


def test_asked_to_pause_while_it_was_queued_it_trains_nothing(tmp_path: Path, tiny: Config, tiny_store: Store) -> None:
    folder = RunFolder(tmp_path / "run")
    prepare(folder, tiny)
    name_job(folder, "cvae-1")
    folder.ask_to_stop("paused")
    assert list(train_run(folder, "cvae-1")) == []
    assert folder.read_state().status == "pending"
