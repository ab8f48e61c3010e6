"""The weights of the best evaluation, kept beside the last ones that decide."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cvae
from cvae.config.schema import Config
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.record.run_folder import RunFolder
from cvae.run.checkpoint import read_checkpoint
from cvae.run.train_run import train_run
from tests.conftest import changed
from tests.cvae.run.test_train_run import finish, new_run, trajectory

#: A learning rate at which the last of these evaluations is not the best.
WILD = {"optim": {"lr": 0.5}, "train": {"steps": 8}, "evaluation": {"checkpoint": "best"}}


@pytest.fixture(scope="module")
def kept(tiny: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finish(new_run(tmp_path_factory.mktemp("best") / "a", changed(tiny, WILD)))


def best_step(folder: RunFolder) -> int:
    return int(max(folder.read_epochs(), key=lambda line: line["val/psnr"])["step"])


def test_they_are_those_of_the_best_evaluation(kept: RunFolder, tiny: Config, tmp_path: Path) -> None:
    best = read_checkpoint(kept, "best")
    assert best["trainer"]["step"] == best_step(kept) < 8
    # a training that ends there has the very weights
    short = finish(new_run(tmp_path / "short", changed(tiny, WILD | {"train": {"steps": best_step(kept)}})))
    same = read_checkpoint(short)["trainer"]["model"]
    assert all(value.equal(same[name]) for name, value in best["trainer"]["model"].items())
    assert read_checkpoint(kept)["trainer"]["step"] == 8


def test_they_move_no_number(kept: RunFolder, tiny: Config, tmp_path: Path) -> None:
    plain = finish(new_run(tmp_path / "b", changed(tiny, WILD | {"evaluation": {}})))
    assert not plain.best.exists()
    assert trajectory(plain) == trajectory(kept)
    assert plain.read_state().final == kept.read_state().final


def test_an_interruption_changes_nothing(kept: RunFolder, tiny: Config, tmp_path: Path) -> None:
    folder = new_run(tmp_path / "c", changed(tiny, WILD))
    for n in (1, 2):  # stopped before the checkpoint of the first, then of a later evaluation
        run = train_run(folder)
        for _ in range(n):
            next(run)
        run.close()
    finish(folder)
    assert read_checkpoint(folder, "best")["trainer"]["step"] == best_step(kept)


@pytest.mark.parametrize("n_writes", range(1, 6))
def test_a_kill_between_two_writes_loses_no_best(
    kept: RunFolder, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_writes: int
) -> None:
    folder, written = new_run(tmp_path / "e", changed(tiny, WILD)), []

    def write(path: Path, content: bytes) -> None:
        if len(written) == n_writes:
            raise KeyboardInterrupt
        written.append(path.name)
        write_atomically(path, content)

    monkeypatch.setattr("cvae.run.checkpoint.write_atomically", write)
    with pytest.raises(KeyboardInterrupt):
        finish(folder)
    assert len(written) == n_writes
    monkeypatch.undo()
    finish(folder)
    assert read_checkpoint(folder, "best")["trainer"]["step"] == best_step(kept)


def test_a_run_is_used_as_it_says_and_scored_by_its_last(kept: RunFolder, tiny: Config, tmp_path: Path) -> None:
    def weights(run: Any) -> Any:
        return run.model.encoder.stages[0][0][0].weight

    best, last = cvae.load_run(kept.path, "best"), cvae.load_run(kept.path, "last")
    assert not weights(best).equal(weights(last))
    assert weights(cvae.load_run(kept.path)).equal(weights(best))
    assert weights(cvae.train(best.config, kept.path)).equal(weights(best))
    clips = np.load(kept.clips)["psnr"].mean()
    assert best.scores["val/psnr"] == pytest.approx(clips)
    assert kept.read_epochs()[-1]["val/psnr"] == pytest.approx(clips)
    plain = finish(new_run(tmp_path / "d", changed(tiny, {"train": {"steps": 2}})))
    with pytest.raises(InputError, match=r"no best\.pt; a run keeps it with evaluation\.checkpoint: best"):
        cvae.load_run(plain.path, "best")
