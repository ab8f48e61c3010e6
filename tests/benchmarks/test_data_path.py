"""The benchmark of the data path serves what it wrote, limits what it says, and leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data_path.comparison import rows_of
from benchmarks.data_path.random_frames import BYTES_A_BATCH, BYTES_A_SEQUENCE, open_frames, write_frames
from benchmarks.data_path.serving import gathers
from benchmarks.instruments import page_cache
from benchmarks.instruments.page_cache import page_cache_of
from cvae.errors import InputError

STEP = {"seconds": 2.0, "precision": "bf16"}
GATHERS = {"by_page": 0.1, "cold": 0.01, "warm": 0.001}
TRAINING = {"there": [0.1, 0.001], "read": [0.2, 0.5], "gather": 0.005, "is_limited": True}


def test_its_store_is_as_large_as_it_says_and_full(tmp_path: Path) -> None:
    write_frames(tmp_path, 20)
    clips = open_frames(tmp_path, 20)
    assert (tmp_path / "frames.npy").stat().st_size == 20 * BYTES_A_SEQUENCE + 128
    assert (tmp_path / "frames.npy").stat().st_blocks * 512 >= 20 * BYTES_A_SEQUENCE  # no holes, which no disk reads
    frames, conditions = clips.gather(np.arange(12) + 8)
    assert frames.nbytes == BYTES_A_BATCH
    assert frames.std() > 70
    assert conditions.shape == (12, 12, 7)


def test_a_store_that_does_not_fit_the_disk_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"10000000 sequences take 3686 GB, of \d+ GB free"):
        write_frames(tmp_path, 10_000_000)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_is_timed_each_way(tmp_path: Path) -> None:
    write_frames(tmp_path, 20)
    assert {name: seconds > 0 for name, seconds in gathers(tmp_path, 20).items()} == {
        "by_page": True,
        "cold": True,
        "warm": True,
    }


def test_each_way_is_beside_its_baseline_by_name() -> None:
    disk, cache, quarter, at_once, narrow = rows_of(5408, STEP, GATHERS, TRAINING)
    assert [row.ratio for row in (disk, cache, quarter, at_once, narrow)] == [200, 2000, 400, 10, 0.5]
    assert {row.baseline for row in (disk, cache, quarter)} == {"a training step of the lab's size, bf16: 2.00 s"}
    assert "the step does not wait where the disk gives 0.9 MB/s" in disk.note
    assert quarter.what.endswith("of 5408 sequences, 2.0 GB, page cache of 1/4 of it")
    assert at_once.baseline.startswith("page by page")
    assert "waits for its batches for 50.00% of it, and for 0.10%" in narrow.note
    (*_, unlimited) = rows_of(5408, STEP, GATHERS, TRAINING | {"is_limited": False})
    assert "no limit" in unlimited.what


def can_limit() -> bool:
    with page_cache_of(2**30) as is_limited:
        return is_limited


LIMITED = """
import sys
from pathlib import Path
from benchmarks.instruments.page_cache import own_group, page_cache_of
path = Path(sys.argv[1])
outer = own_group()
with page_cache_of(16 * 2**20) as is_limited:
    assert is_limited and own_group().parent == outer
    with path.open("rb") as file:
        while file.read(2**20):
            pass
    group = own_group()
    kept = int((group / "memory.usage_in_bytes").read_text())
assert own_group() == outer and not group.exists()
print(kept)
"""


@pytest.mark.skipif(not can_limit(), reason="no control group can be made here")
def test_the_page_cache_keeps_no_more_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(48 * 2**20))
    with path.open("rb") as file:
        os.fsync(file.fileno())
    page_cache.drop_pages(path)
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 8 * 2**20 < int(done.stdout) <= 16 * 2**20


def test_without_control_groups_there_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "OF_PROCESS", tmp_path / "none")
    with page_cache_of(2**20) as is_limited:
        assert not is_limited


def test_a_group_that_cannot_be_made_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = tmp_path / "cgroup"
    groups.write_text("4:memory:/one\n0::/\n")
    monkeypatch.setattr(page_cache, "OF_PROCESS", groups)
    monkeypatch.setattr(page_cache, "MEMORY", tmp_path)
    with page_cache_of(2**20) as is_limited:
        assert not is_limited
