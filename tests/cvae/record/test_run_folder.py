"""The record on disk: torn lines are a case, damage is named, and nobody reads its files past their classes."""

import ast
from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.record import RunFolder, RunState

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_a_run_that_nobody_began_is_pending(folder: RunFolder) -> None:
    assert folder.read_state() == RunState()
    assert folder.read_identity() is None
    assert folder.read_epochs() == []
    assert folder.read_heartbeat() == 0
    assert folder.asked_status() is None


@pytest.mark.parametrize("damage", [b"", b"{", b"\x00" * 40, b"\xff\xfe", b"[1]", b'{"status": "asleep"}', b"null"])
def test_a_damaged_record_is_one_error_that_names_the_file(folder: RunFolder, damage: bytes) -> None:
    folder.state.write_bytes(damage)
    folder.identity.write_bytes(damage)
    with pytest.raises(InputError, match=r"state\.json: is damaged"):
        folder.read_state()
    with pytest.raises(InputError, match=r"run\.json: is damaged"):
        folder.read_identity()


def test_evaluations_are_whole_however_a_kill_cut_them(folder: RunFolder) -> None:
    for step in (1, 2, 3):
        folder.append_epoch({"step": step})
    whole = folder.epochs.read_bytes()
    for cut in range(len(whole)):
        folder.epochs.write_bytes(whole[:cut])
        n = whole[:cut].count(b"\n")
        assert [line["step"] for line in folder.read_epochs()] == [1, 2, 3][:n]
        lines, offset = folder.read_epochs_after(0)
        assert (len(lines), offset) == (n, whole[:cut].rfind(b"\n") + 1)
        assert folder.keep_epochs(2) == (cut > 0 and whole[cut - 1 : cut] != b"\n")
        assert [line["step"] for line in folder.read_epochs()] == [1, 2, 3][: min(n, 2)]


def test_what_the_stop_file_asks_for(folder: RunFolder) -> None:
    for how, status in {"stopped": "stopped", "pruned": "pruned", "paused": "interrupted", "": "stopped"}.items():
        folder.ask_to_stop(how)
        assert folder.asked_status() == status
    for garbage in (b"\xff\x00\x93", b"pau", b"\0" * 9):  # nobody's wish is no run's last word
        folder.stop.write_bytes(garbage)
        assert folder.asked_status() == "interrupted"


#: Functions that read a file -> which of their arguments it is.
READERS = {"read_current": 0, "read_json": 0, "readable_text": 0, "parse_file": 1}


def test_only_their_own_classes_read_these_files() -> None:
    # Each of the five JSON files has a class; a string key elsewhere would be a second protocol.
    owners = {"cvae/record/run_folder.py"} | {
        str(path.relative_to(ROOT)) for path in (ROOT / "sweeps/experiment_folder").glob("*_record.py")
    }
    owners |= {"sweeps/launchers/job_record.py", "cvae/run/fence.py"}  # the trainer knows of a job its token alone
    readers = []
    for path in [*(ROOT / "cvae").rglob("*.py"), *(ROOT / "sweeps").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            file: ast.expr | None = None
            if isinstance(node, ast.Attribute) and node.attr in ("read_text", "read_bytes"):
                file = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS:
                file = node.args[READERS[node.func.id]]
            if isinstance(file, ast.Attribute) and file.attr in ("state", "identity", "job", "data", "coordinator"):
                readers.append(str(path.relative_to(ROOT)))
    assert len(owners) >= 3
    assert len(set(readers)) >= 4  # it does find readers
    assert set(readers) - owners == set()
