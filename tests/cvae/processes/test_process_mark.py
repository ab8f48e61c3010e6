"""A process is known by more than its number."""

import os
import subprocess
import sys
from dataclasses import replace

from cvae.processes import mark_of


def test_a_mark_is_of_one_process_alone() -> None:
    mark = mark_of(os.getpid())
    assert mark is not None
    assert mark.is_alive
    assert not replace(mark, birth=mark.birth + "0").is_alive  # the number again, of another
    assert not replace(mark, command="sleep 1").is_alive
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    seen = mark_of(other.pid)
    other.communicate(b"\n")
    assert seen is not None
    assert not seen.is_alive
    assert mark_of(other.pid) is None


def test_one_that_has_ended_is_nobody_before_it_is_collected() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert mark_of(ended.pid) is None
    ended.wait()


def test_a_mark_holds_no_argument() -> None:
    # it is written into lock files, which others may read; --storage may hold a password
    other = subprocess.Popen([sys.executable, "-c", "input()", "pg://me:hunter2@host/x"], stdin=subprocess.PIPE)
    mark = mark_of(other.pid)
    other.communicate(b"\n")
    assert mark is not None
    assert "hunter2" not in str(mark)
    assert len(mark.command) == 8
