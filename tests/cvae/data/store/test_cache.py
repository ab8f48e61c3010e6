"""Several processes and one cache: the work is done once, and a killed packer harms nobody."""

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import cvae.data.store.cache
from cvae.data.sources.npz import NpzEpisodes
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
    return [*cache.glob("*.tmp-*"), *cache.glob("*.partial")]


def test_processes_that_race_pack_once_and_end_with_one_store(small_world: PushingWorld, tmp_path: Path) -> None:
    packers = [start(tmp_path, 1.0, small_world) for _ in range(3)]
    outputs = [packer.communicate(timeout=60)[0].split("\n") for packer in packers]
    assert [packer.returncode for packer in packers] == [0, 0, 0]
    assert sum("packing" in lines for lines in outputs) == 1
    assert len({lines[-2] for lines in outputs}) == 1
    assert outputs[0][-2].endswith(" 3")
    assert temporaries(tmp_path) == []


def test_a_killed_packer_leaves_nothing_that_matters(small_world: PushingWorld, tmp_path: Path) -> None:
    # Killed with everything written but nothing published: the next packer publishes it.
    packer = start(tmp_path, 60.0, small_world)
    deadline = time.monotonic() + 30
    while not any((folder / "meta.json").exists() for folder in temporaries(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    packer.send_signal(signal.SIGKILL)
    packer.communicate()
    (left,) = temporaries(tmp_path)
    assert not (tmp_path / left.name.partition(".")[0]).exists()
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


def test_what_may_be_gone_on_with_stays_for_a_week(small_world: PushingWorld, tmp_path: Path) -> None:
    for name, age_s in {"new": 0, "days": 6 * 86400, "old": 8 * 86400, "alive": 8 * 86400}.items():
        (tmp_path / f"{name}.partial").mkdir()
        os.utime(tmp_path / f"{name}.partial", times=(time.time() - age_s,) * 2)
    with held(tmp_path / "alive.lock"):
        open_store(small_world, 32, tmp_path)
    assert sorted(path.name for path in temporaries(tmp_path)) == ["alive.partial", "days.partial", "new.partial"]


# A packer that syncs after every episode and says how far it is.
STEADY = """
import sys, time
from pathlib import Path
import cvae.data.store.writer as writer
from cvae.data.sources import NpzEpisodes
from cvae.data.store import open_store
writer.SYNC_EVERY_S = 0.0
writer.n_reading_threads = lambda: 2
class Slow(NpzEpisodes):
    def read(self, place, name, expected, image_size):
        sys.stdout.write(name + chr(10))  # at once: two threads would put their line ends behind both
        sys.stdout.flush()
        time.sleep(float(sys.argv[3]))
        return super().read(place, name, expected, image_size)
open_store(Slow(root=sys.argv[2]), 32, Path(sys.argv[1]))
"""


def test_a_packing_that_is_killed_goes_on(write_npz: Callable[..., Path], tmp_path: Path) -> None:
    # Killed again and again, each begins behind the one before; the store is that of one go, byte for byte.
    n = 40
    for i in range(n):
        root = write_npz(name=f"{i:02}").parents[1]
    cache, begun_at = tmp_path / "cache", []
    for is_killed in (True, True, True, False):
        command = [sys.executable, "-c", STEADY, str(cache), str(root), "0.05" if is_killed else "0"]
        packer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert packer.stdout is not None
        begun = [packer.stdout.readline().strip()]
        if is_killed:
            # two threads hold four: of eight that were begun some are written
            begun += [packer.stdout.readline().strip() for _ in range(7)]
            packer.send_signal(signal.SIGKILL)
        else:
            begun += packer.stdout.read().split()
        begun_at.append(min(begun))
        packer.communicate(timeout=60)
    assert packer.returncode == 0
    assert begun_at[0] == "00"
    assert begun_at == sorted(set(begun_at))
    (store,) = (path.parent for path in cache.glob("*/meta.json"))
    whole = open_store(NpzEpisodes(root=root), 32, tmp_path / "other")
    assert store.name == whole.fingerprint
    for file in ("frames.npy", "conditions.npy", "index.json"):
        assert (store / "train" / file).read_bytes() == (whole.path / "train" / file).read_bytes()
    assert json.loads((store / "meta.json").read_text()) == json.loads((whole.path / "meta.json").read_text())
    assert temporaries(cache) == []


def test_a_packing_of_other_files_is_begun_anew(
    write_npz: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The content may be the same again: what was read of it in between is not known.
    path = write_npz()
    source, cache = NpzEpisodes(root=path.parents[1]), tmp_path / "cache"

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cvae.data.store.cache, "_publish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            open_store(source, 32, cache)
    (partial,) = temporaries(cache)
    frames = partial / "train" / "frames.npy"
    frames.write_bytes(frames.read_bytes()[:-1] + b"\0")
    os.utime(path, ns=(1, 1))
    clips = open_store(source, 32, cache).clips("train", 12, use_positions=True)
    np.testing.assert_array_equal(clips.all_frames(), np.load(path)["frames"])


def test_what_is_published_is_on_the_disk(
    small_world: PushingWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a power cut after the rename: a name whose bytes were never written would be a store of zeros
    fsync, rename = os.fsync, Path.rename
    synced: dict[int, bytes | list[str]] = {}  # inode -> content, or names, that have reached the disk
    published: list[Path] = []

    def content(path: Path) -> bytes | list[str]:
        return sorted(inner.name for inner in path.iterdir()) if path.is_dir() else path.read_bytes()

    def note(descriptor: int) -> None:
        fsync(descriptor)
        synced[os.fstat(descriptor).st_ino] = content(Path(f"/proc/self/fd/{descriptor}").readlink())

    def check(self: Path, target: Path) -> Path:
        if self.is_dir():
            for path in (self, *self.rglob("*")):
                assert synced.get(path.stat().st_ino) == content(path), f"{path} is not on the disk"
            published.append(target)
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "rename", check)
    store = open_store(small_world, 32, tmp_path)
    assert len(published) == 1
    assert len([path for path in published[0].rglob("*") if path.is_file()]) >= 7
    assert published[0].name in synced[tmp_path.stat().st_ino]  # its name, too
    assert len(store.clips("train", 12, use_positions=True))


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
