"""Several processes and one cache: the work is done once, and a killed packer harms nobody."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cvae.data.store.cache
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.store import open_store
from cvae.data.store.writer import write_store
from cvae.files import held

# A packer that says when it packs and takes its time over it.
PACKER = """
import sys, time
from pathlib import Path
import cvae.data.store.cache as cache
from cvae.data.sources import PushingWorld
from cvae.data.store import open_store
write = cache.write_store
def slowly(source, image_size, folder, fingerprint):
    print("packing", flush=True)
    write(source, image_size, folder, fingerprint)
    time.sleep(float(sys.argv[2]))
cache.write_store = slowly
store = open_store(PushingWorld.model_validate_json(sys.argv[3]), 32, Path(sys.argv[1]))
print(store.fingerprint, len(store.clips("train", 12, use_positions=True)), flush=True)
"""


def start(cache: Path, pause_s: float, world: PushingWorld) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PACKER, str(cache), str(pause_s), world.model_dump_json()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def temporaries(cache: Path) -> list[Path]:
    return list(cache.glob("*.tmp-*"))


def test_processes_that_race_pack_once_and_end_with_one_store(small_world: PushingWorld, tmp_path: Path) -> None:
    packers = [start(tmp_path, 1.0, small_world) for _ in range(3)]
    outputs = [packer.communicate(timeout=60)[0].split("\n") for packer in packers]
    assert [packer.returncode for packer in packers] == [0, 0, 0]
    assert sum("packing" in lines for lines in outputs) == 1
    assert len({lines[-2] for lines in outputs}) == 1
    assert outputs[0][-2].endswith(" 3")
    assert temporaries(tmp_path) == []


def test_a_killed_packer_leaves_nothing_that_matters(small_world: PushingWorld, tmp_path: Path) -> None:
    # Killed with everything written but nothing published: the next packer removes the rest and does the work.
    packer = start(tmp_path, 60.0, small_world)
    deadline = time.monotonic() + 30
    while not any((folder / "meta.json").exists() for folder in temporaries(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    packer.send_signal(signal.SIGKILL)
    packer.communicate()
    (left,) = temporaries(tmp_path)
    assert not (tmp_path / left.name.partition(".tmp-")[0]).exists()
    store = open_store(small_world, 32, tmp_path)
    assert len(store.clips("train", 12, use_positions=True)) == 3
    assert temporaries(tmp_path) == []


def test_what_killed_packers_of_other_stores_left_is_removed_too(small_world: PushingWorld, tmp_path: Path) -> None:
    # But never under a packer that is alive: it holds its lock.
    (tmp_path / "dead.tmp-1").mkdir()
    (tmp_path / "alive.tmp-2").mkdir()
    with held(tmp_path / "alive.lock"):
        open_store(small_world, 32, tmp_path)
    assert [path.name for path in temporaries(tmp_path)] == ["alive.tmp-2"]


def test_without_locks_the_loser_of_a_race_keeps_the_winners_store(
    small_world: PushingWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some network file systems have no locks: two may pack, both have the same content, the first to rename wins.
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    def overtaken(source: PushingWorld, image_size: int, folder: Path, fingerprint: str) -> None:
        write_store(source, image_size, folder, fingerprint)
        shutil.copytree(folder, tmp_path / fingerprint)
        (tmp_path / fingerprint / "winner").touch()

    monkeypatch.setattr(fcntl, "flock", no_locks)
    monkeypatch.setattr(cvae.data.store.cache, "write_store", overtaken)
    store = open_store(small_world, 32, tmp_path)
    assert (store.path / "winner").exists()
    assert temporaries(tmp_path) == []
