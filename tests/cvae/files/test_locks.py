"""Locks: looked at without a trace, and saying who holds them."""

import os
import stat
from pathlib import Path

import pytest

from cvae.files import held, holder_of, is_locked


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


def test_looking_at_a_lock_opens_it_to_be_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # who may only read would be told that nobody holds it; root may write anywhere, so what is asked for counts
    lock, asked = tmp_path / "lock", list[int]()
    plain = os.open
    with held(lock):
        monkeypatch.setattr(os, "open", lambda path, flags, *rest: (asked.append(flags), plain(path, flags, *rest))[1])
        assert is_locked(lock)
    assert asked
    assert {flags & (os.O_ACCMODE | os.O_CREAT | os.O_TRUNC) for flags in asked} == {os.O_RDONLY}


def test_who_looks_does_not_keep_others_out(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    assert not is_locked(lock)
    with held(lock) as is_ours:
        assert is_ours
    assert lock.read_text().startswith('{"pid"')
    lock.write_text("[1, 2")
    assert holder_of(lock) is None
