"""The mirror as a companion: one that dies is started again, said once, and one that does not end is ended."""

import json
import sys
import time
from pathlib import Path

import pytest

from sweeps.tracking import process
from sweeps.tracking.offline_runs import offline_runs_of, read_mirrored, remove_offline_runs
from sweeps.tracking.process import MirrorProcess

#: Notes that it has begun, and dies if it is told to.
MIRROR = """
import pathlib, sys
place = pathlib.Path(sys.argv[1])
n = len(list(place.glob("begun-*")))
(place / f"begun-{n}").touch()
if n < int(sys.argv[2]):
    sys.exit(9)
print(f"mirror {n} at work", flush=True)
sys.stdin.read()
"""


def begun(place: Path) -> int:
    return len(list(place.glob("begun-*")))


def watched_until(mirror: MirrorProcess, place: Path, n: int) -> list[str]:
    """What the sweep is told while the mirror begins for the n-th time."""
    said, deadline = [], time.monotonic() + 60
    while begun(place) < n or not any("at work" in line for line in said):
        assert time.monotonic() < deadline
        said += mirror.lines()
        time.sleep(0.01)
    return said


@pytest.mark.parametrize("n_deaths", [0, 1, 3])
def test_a_mirror_that_dies_is_started_again_and_said_once(
    n_deaths: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "AGAIN_S", 0.01)
    mirror = MirrorProcess(tmp_path, "offline", [sys.executable, "-c", MIRROR, str(tmp_path), str(n_deaths)])
    said = watched_until(mirror, tmp_path, n_deaths + 1)
    warnings = [line for line in said if line.startswith("warning")]
    assert len(warnings) == min(n_deaths, 1)
    for line in warnings:
        assert "the wandb mirror has died (status 9" in line
        assert f"python run_sweep.py {tmp_path} --sync` makes up for it" in line
    assert said[-1] == f"mirror {n_deaths} at work"
    assert mirror.close() == []
    assert begun(tmp_path) == n_deaths + 1


def test_a_mirror_that_always_dies_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "AGAIN_S", 0.001)
    mirror = MirrorProcess(tmp_path, "offline", [sys.executable, "-c", MIRROR, str(tmp_path), "99"])
    said, deadline = [], time.monotonic() + 60
    while begun(tmp_path) <= process.AGAIN and time.monotonic() < deadline:
        said += mirror.lines()
        time.sleep(0.01)
    time.sleep(0.2)
    said += [*mirror.lines(), *mirror.close()]
    assert begun(tmp_path) == 1 + process.AGAIN
    assert len(said) == 1


def test_a_mirror_that_does_not_end_is_ended(tmp_path: Path) -> None:
    stubborn = "import sys, time; print('at work', flush=True); sys.stdin.read(); time.sleep(600)"
    mirror = MirrorProcess(tmp_path, "offline", [sys.executable, "-c", stubborn])
    while not list(mirror.lines()):
        time.sleep(0.01)
    before = time.monotonic()
    (line,) = mirror.close(0.2)
    assert "did not finish in time" in line
    assert "--sync` makes up for it" in line
    assert time.monotonic() - before < 10


@pytest.mark.parametrize("damage", [b"", b"\0" * 9, b"[1, 2]", b'{"a/tune-000": ["x"]}', b'{"a/tune'])
def test_a_damaged_note_of_what_is_mirrored_counts_for_nothing(damage: bytes, tmp_path: Path) -> None:
    note = tmp_path / "mirrored.json"
    assert read_mirrored(note) == ({}, None)
    note.write_text(json.dumps({"a/tune-000": 12}))
    assert read_mirrored(note) == ({"a/tune-000": 12}, None)
    note.write_bytes(damage)
    done, said = read_mirrored(note)
    assert done == {}
    assert said == f"{note}: is damaged; every run is mirrored again"


def test_what_a_killed_mirror_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "offline-run-20260101_000000-toy-a-tune-000").mkdir()  # without a log
    other = tmp_path / "offline-run-20260101_000000-x-toy-a-tune-000"
    other.mkdir()
    assert offline_runs_of(tmp_path, "toy-a-tune-000") == []
    remove_offline_runs(tmp_path, "toy-a-tune-000")
    assert list(tmp_path.iterdir()) == [other]
