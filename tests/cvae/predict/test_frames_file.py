"""What a prediction starts from, and what is said of a file that gives nothing."""

from pathlib import Path

import numpy as np
import pytest

from cvae.errors import InputError
from cvae.predict.frames_file import read_given


def test_frames_and_whatever_else_is_there(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", frames=np.zeros((2, 4, 4, 3), np.uint8), actions=np.ones((7, 4)))
    given = read_given(tmp_path / "a.npz")
    assert given.actions is not None
    assert (given.frames.shape, given.actions.shape, given.positions) == ((2, 4, 4, 3), (7, 4), None)
    assert given.horizon(2) == 5


def test_a_file_without_frames_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", actions=np.ones((7, 4)))
    np.savez(tmp_path / "c.npz", frames=np.zeros((2, 4, 4, 3), np.uint8), actions=np.array(["a"]))
    (tmp_path / "d.npz").write_bytes(b"PK no archive")
    for name, words in (("b", "holds actions"), ("c", "`actions` is"), ("d", "no npz file"), ("e", "No such file")):
        with pytest.raises(InputError, match=words) as error:
            read_given(tmp_path / f"{name}.npz")
        assert str(tmp_path / f"{name}.npz") in str(error.value)
