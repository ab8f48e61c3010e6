"""Where the studies lie: a journal on a local disk, or the database of the launch."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import InMemoryStorage

from cvae.errors import InputError
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.study.storage import open_storage
from tests.sweeps.stepping_sweep import Sweep


def test_a_journal_on_a_network_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.study.storage.network_type", lambda path: "nfs4")
    with pytest.raises(InputError, match=r"network file system \(nfs4\).*--storage"):
        open_storage(ExperimentFolder(tmp_path), None)
    open_storage(ExperimentFolder(tmp_path), f"sqlite:///{tmp_path}/study.db")


def test_the_storage_of_the_launch_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    Sweep(tmp_path, storage=url).run()
    assert not (tmp_path / "toy" / "study.journal").exists()
    again = Sweep(tmp_path)  # without saying so again
    again.run()
    assert len(again.coordinator.counts.settled) == 6
    with pytest.raises(InputError, match="was launched with --storage sqlite"):
        Sweep(tmp_path, storage=f"sqlite:///{tmp_path}/other.db")
    Sweep(tmp_path / "journal").run()
    with pytest.raises(InputError, match="was launched with its journal"):
        Sweep(tmp_path / "journal", storage=url)
    for wrong in ("study.db", "nosuch://x/y"):
        with pytest.raises(InputError, match="--storage"):
            open_storage(ExperimentFolder(tmp_path / "fresh"), wrong)


def test_a_password_is_not_written_down(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path)
    root.storage.write_text("postgresql+psycopg://me@127.0.0.1:1/x\n")
    with pytest.raises(InputError) as caught:  # nobody listens there
        open_storage(root, "postgresql+psycopg://me:secret@127.0.0.1:1/x")
    assert "cannot be opened" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_neither_the_folder_nor_its_ledger_gets_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.study.storage._open_database", lambda url, shown: InMemoryStorage())
    url = "postgresql+psycopg://me:hunter2@h/db?sslpassword=hunter2&sslmode=require"
    sweep = Sweep(tmp_path, storage=url)
    sweep.run()
    assert sweep.root.storage.read_text() == "postgresql+psycopg://me@h/db?sslmode=require\n"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if b"hunter2" in path.read_bytes()] == []


@pytest.mark.parametrize("damage", [b"", b"\0" * 33, b"\xff\xfe", b"not a url\n"])
def test_a_damaged_note_of_where_the_studies_lie_is_had_back_from_the_ledger(damage: bytes, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    sweep = Sweep(tmp_path, storage=url)
    sweep.run()
    told = sweep.told_at(url)
    sweep.root.storage.write_bytes(damage)
    again = Sweep(tmp_path)
    again.run()
    assert sweep.root.storage.read_text() == f"{url}\n"
    assert again.told_at(url) == told
    sweep.root.storage.write_bytes(damage)
    sweep.root.ledger.unlink()
    with pytest.raises(InputError, match="storage: is damaged, and nothing else says where the studies lie"):
        Sweep(tmp_path)


def test_a_connection_that_died_between_two_uses_is_replaced(tmp_path: Path) -> None:
    # as a database that was restarted leaves it: nothing of that may reach the sweep
    sweep = Sweep(tmp_path, storage=f"sqlite:///{tmp_path}/study.db")
    storage, _ = open_storage(sweep.root, None)
    backend: Any = storage._backend  # type: ignore[attr-defined] # Optuna's, which caches
    told = backend.get_study_id_from_name("toy/a")
    backend.remove_session()
    with ExitStack() as stack:
        used = [stack.enter_context(backend.engine.connect()) for _ in range(backend.engine.pool.checkedin())]
        idle = [connection.connection.dbapi_connection for connection in used]
    assert idle
    for connection in idle:
        connection.close()  # while nobody uses it
    assert backend.get_study_id_from_name("toy/a") == told


def test_a_journal_on_the_coordinators_own_disk_is_remembered_and_made_again(tmp_path: Path) -> None:
    elsewhere = tmp_path / "own" / "disk.journal"
    calm = Sweep(tmp_path / "calm")
    calm.run()
    shared = Sweep(tmp_path / "shared", storage=elsewhere)
    for line in shared.coordinator.run():
        if "ended" in line:
            break
    for attempt in shared.coordinator.active.values():
        shared.coordinator.fleet.launcher._processes[attempt.job.token]._held.close()  # killed, its workers too
    assert elsewhere.exists()
    assert not (shared.root.path / "study.journal").exists()
    elsewhere.unlink()  # another machine goes on: its disk has none
    again = Sweep(tmp_path / "shared")
    again.run()
    assert elsewhere.exists()
    assert again.told() == calm.told()


def test_a_journal_that_cannot_lie_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"--journal is .*that is a folder"):
        open_storage(ExperimentFolder(tmp_path), tmp_path)
    monkeypatch.setattr("sweeps.study.storage.network_type", lambda path: "nfs4")
    with pytest.raises(InputError, match="give --journal with a file on a local disk"):
        open_storage(ExperimentFolder(tmp_path), tmp_path / "x.journal")
