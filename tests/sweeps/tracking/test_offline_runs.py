"""A transaction log is read whole, as far as it is whole, and damage is named."""

import struct
import zlib
from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.tracking.offline_runs import OfflineRun, messages_of, read_log


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import wandb

    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / ".home"))
    settings = wandb.Settings(console="off", silent=True, x_disable_stats=True, disable_git=True, disable_code=True)
    with wandb.init(
        mode="offline", dir=str(tmp_path), project="p", config={"arm": "a", "seed": 1}, settings=settings
    ) as r:
        for i in range(300):
            r.log({"val/psnr": float(i)})
    (path,) = tmp_path.rglob("run-*.wandb")
    return path


def test_a_log_that_a_kill_cut_short_gives_what_is_whole(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-3000])
    run = read_log(log)
    assert run is not None
    assert 0 < len(run.history) < 300
    assert run.state == "running"  # no end was recorded


@pytest.mark.parametrize("n_bytes", [0, 3, 7, 40])
def test_a_log_that_a_kill_cut_before_its_run_is_empty(log: Path, n_bytes: int) -> None:
    # the uploads' and the mirror's own look at a log that has just been begun is no error
    log.write_bytes(log.read_bytes()[:n_bytes])
    assert read_log(log) is None
    run = OfflineRun(log.parent).read()
    assert (run.id, run.history, run.media) == (log.stem.removeprefix("run-"), [], [])


def test_a_damaged_log_is_refused_by_name(log: Path) -> None:
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 255
    log.write_bytes(data)
    with pytest.raises(InputError, match=r"\.wandb: damaged at byte"):
        read_log(log)


def test_the_room_that_no_record_fits_into_is_skipped(tmp_path: Path) -> None:
    def record(data: bytes) -> bytes:
        return struct.pack("<IHB", zlib.crc32(b"\x01" + data), len(data), 1) + data

    first = b"a" * (32768 - 7 - 7 - 3)  # the file's header, the record's, and three bytes too few for another
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b":W&B\xe1\xbe\x00" + record(first) + b"\x00" * 3 + record(b"second"))
    assert list(messages_of(path)) == [first, b"second"]
