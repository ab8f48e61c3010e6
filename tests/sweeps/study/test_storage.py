"""Where the studies lie: a journal on a local disk, or the database of the launch."""

from pathlib import Path

import pytest

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
