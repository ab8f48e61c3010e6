"""Paths that are not what they should be, and files that are read while another machine replaces them."""

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cvae.errors import InputError
from cvae.files import (
    lies_within,
    parse_json,
    read_current,
    read_json,
    require_folder,
    sweep_up,
    write_atomically,
)

ROOT = Path(__file__).parents[3]


def test_a_folder_is_one_or_can_become_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for good in (tmp_path, tmp_path / "new", tmp_path / "new" / "below"):
        assert require_folder(good, "--runs") == good
    for bad, why in (("file", "is a file"), ("file/below/it", "is a file"), ("nowhere", "leads nowhere")):
        with pytest.raises(InputError, match=f"--runs is .*{why}"):
            require_folder(tmp_path / bad, "--runs")


@pytest.mark.parametrize("option", ["--status", "--plan", "--stop"])
def test_runs_that_is_a_file_is_one_line(tmp_path: Path, option: str) -> None:
    (tmp_path / "runs").write_text("x")
    command = [sys.executable, "run_sweep.py", "experiments/quickstart.yaml", "--runs", str(tmp_path / "runs"), option]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: --runs is {tmp_path / 'runs'}")
    assert done.stderr.count("\n") == 1


def test_a_link_out_of_a_folder_does_not_lie_within_it(tmp_path: Path) -> None:
    inside, outside = tmp_path / "run", tmp_path / "secret"
    inside.mkdir()
    outside.write_text("x")
    (inside / "own").write_text("x")
    (inside / "link").symlink_to(outside)
    (inside / "loop").symlink_to("loop")
    (tmp_path / "also").symlink_to(inside)
    assert lies_within(inside / "own", inside)
    assert lies_within(tmp_path / "also" / "own", tmp_path / "also")  # the folder itself may be a link
    assert not lies_within(inside / "link", inside)
    assert not lies_within(inside / "loop", inside)
    assert not lies_within(inside / "gone", inside)


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


def test_a_file_that_is_replaced_while_it_is_read_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state.json").write_text("{}")
    stale = [OSError(errno.ESTALE, "Stale file handle")] * 3
    plain = Path.open

    def opens(path: Path, *arguments: Any, **options: Any) -> Any:
        if stale:
            raise stale.pop()
        return plain(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", opens)
    assert read_current(tmp_path / "state.json") == b"{}"
    with pytest.raises(FileNotFoundError):
        read_current(tmp_path / "none")
    stale += [OSError(errno.ESTALE, "Stale file handle")] * 9
    with pytest.raises(OSError, match="Stale"):
        read_current(tmp_path / "state.json")


@pytest.mark.parametrize(("kind", "n_cut", "n_reads"), [("fuse.sshfs", 2, 3), ("fuse.sshfs", 99, 5), (None, 1, 1)])
def test_a_file_of_a_network_disk_that_is_seen_cut_off_is_read_again(
    kind: str | None, n_cut: int, n_reads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # sshfs reads a longer new file up to the size of the old one, for as long as it remembers that
    path, clock, reads = tmp_path / "job.json", [0.0], [0]
    path.write_text('{"token": "cvae-2"}')

    def cut_off(path: Path) -> bytes:
        reads[0] += 1
        return path.read_bytes()[: 9 if reads[0] <= n_cut else None]

    monkeypatch.setattr("cvae.files.whole_files.read_current", cut_off)
    monkeypatch.setattr("cvae.files.whole_files.network_type", lambda path: kind)
    monkeypatch.setattr("cvae.files.whole_files.SETTLES_S", 0.8)
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    if n_cut == 2:
        assert read_json(path) == {"token": "cvae-2"}
    else:
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            read_json(path)
    assert reads[0] == n_reads
