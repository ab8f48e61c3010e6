"""An experiment run from a program."""

from pathlib import Path

import pytest

import sweeps
from cvae.errors import InputError
from tests.conftest import TINY


def test_a_sweep_is_run_and_what_came_out_returned(cache: Path, tmp_path: Path) -> None:
    experiment = {
        "name": "small",
        "base": TINY | {"store": str(cache)},
        "arms": {"a": {}, "b": {"kl_anneal": {"mode": "monotonic"}}},
        "confirm": {"seeds": 3},
    }
    settings = {"confirm": {"seeds": 2}}
    found = sweeps.run(experiment, tmp_path, settings=settings, slots=2)
    assert found.folder == tmp_path / "small"
    assert [row["status"] for row in found.rows("runs")] == ["finished"] * 4
    assert len(found.pairs) == 1
    assert not (found.folder / "wandb").exists()
    again = sweeps.run(experiment, tmp_path, settings=settings, slots=2)  # done: nothing is trained again
    assert again.rows("runs") == found.rows("runs")


def test_a_mistake_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown key 'amrs'"):
        sweeps.run({"name": "a", "arms": {"a": {}}, "amrs": {}}, tmp_path)
    with pytest.raises(InputError, match="did you mean"):
        sweeps.run("quikstart", tmp_path)
