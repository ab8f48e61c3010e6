"""Locks: looked at without a trace or a right to write, and saying who holds them."""

import os
import stat
from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.files import held, holder_of, is_locked, parse_json, sweep_up, write_atomically


def test_looking_at_a_lock_leaves_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "lock"
    assert not is_locked(lock)
    assert not lock.parent.exists()
    with held(lock) as is_ours:
        assert is_ours
        lock.chmod(stat.S_IRUSR)
        assert is_locked(lock)
        with held(tmp_path / "other"):
            assert holder_of(lock).pid == os.getpid()
    assert not is_locked(lock)


def test_who_looks_does_not_keep_others_out(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    assert not is_locked(lock)
    with held(lock) as is_ours:
        assert is_ours
    assert lock.read_text().startswith('{"pid"')
    lock.write_text("[1, 2")
    assert holder_of(lock) is None


def test_json_nested_without_end_is_no_json() -> None:
    with pytest.raises(ValueError, match="deeply"):
        parse_json("[" * 100_000)


def test_what_killed_writers_left_is_swept_up(tmp_path: Path) -> None:
    write_atomically(tmp_path / "state.json", b"{}")
    for name in (".state.json.0a.tmp", ".checkpoint.pt.17.tmp"):
        (tmp_path / name).touch()
    (tmp_path / ".run.tmp").mkdir()
    sweep_up(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"state.json", ".run.tmp"}
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "none" / "x", b"")
