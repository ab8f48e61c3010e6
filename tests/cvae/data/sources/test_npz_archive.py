"""Archives that promise more than they hold, or more than there is room for."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy_format

import cvae.data.sources.npz_archive
from cvae.data.sources.npz_archive import load_arrays
from cvae.errors import InputError

KEYS = ("frames", "actions", "positions")


def promising(path: Path, shape: tuple[int, ...], version: int = 1) -> Path:
    header = io.BytesIO()
    write = npy_format.write_array_header_1_0 if version == 1 else npy_format.write_array_header_2_0
    write(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("frames.npy", header.getvalue() + b"\0" * 100)
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_an_archive_that_holds_less_than_it_promises_is_refused(tmp_path: Path, version: int) -> None:
    path = promising(tmp_path / "a.npz", (800_000, 64, 64, 3), version)
    with pytest.raises(InputError, match=r"a\.npz: cannot be read as .*promises 9830400000 bytes and holds 100"):
        load_arrays(path, KEYS)


def test_an_archive_that_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, frames=np.zeros((20, 64, 64, 3), np.uint8), actions=np.zeros((20, 2)))
    assert load_arrays(path, KEYS)["frames"].shape == (20, 64, 64, 3)
    monkeypatch.setattr("os.sysconf", lambda name: 100)
    with pytest.raises(InputError, match=r"a\.npz: unpacks to 0\.0 GB, more than this machine's memory"):
        load_arrays(path, KEYS)


def test_a_memory_that_is_refused_is_said_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = promising(tmp_path / "a.npz", (100,))

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cvae.data.sources.npz_archive, "_require_room", full)
    with pytest.raises(InputError, match=r"a\.npz: cannot be read"):
        load_arrays(path, KEYS)
