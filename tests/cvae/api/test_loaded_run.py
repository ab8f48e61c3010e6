"""A run as an object: what it predicts is what its evaluation scored."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cvae
from cvae.config.schema import Config
from cvae.data.store.store import Store
from cvae.errors import InputError
from cvae.run.evaluate_checkpoint import evaluate_checkpoint
from cvae.run.final_evaluation import files_beside
from tests.conftest import changed

N = 6


@pytest.fixture(scope="module")
def run(tiny: Config, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return cvae.train(tiny, tmp_path_factory.mktemp("api") / "run")


def episode(run: Any, store: Store, index: int) -> dict[str, Any]:
    """Frames, actions and positions of an episode of the validation split, as they are."""
    one = run.config.data.episode("validate", index, 32)
    n = store.n_actions
    return {"frames": one.frames, "actions": one.conditions[:, :n], "positions": one.conditions[:, n:]}


def batch(run: Any, store: Store, indices: list[int]) -> dict[str, Any]:
    episodes = [episode(run, store, i) for i in indices]
    return {key: np.stack([e[key][: len(e["frames"])] for e in episodes]) for key in episodes[0]}


def test_it_predicts_what_the_evaluation_scored(run: Any, tiny_store: Store) -> None:
    # clip i of an evaluation and clip i of a call have the same noise: PSNR from the frames is PSNR in clips.npz
    given = batch(run, tiny_store, [0, 1, 2, 3, 4])
    predicted = run.predict(given["frames"], given["actions"], 4, positions=given["positions"])
    truth = given["frames"][:, 2:6] / 255
    psnr = -10 * np.log10(((predicted[:, 0] - truth) ** 2).mean(axis=(2, 3))).mean(axis=-1)
    recorded = np.load(run.folder / "clips.npz")["psnr"]
    assert psnr == pytest.approx(recorded, abs=1e-3)


def test_samples_differ_and_repeat(run: Any, tiny_store: Store) -> None:
    given = episode(run, tiny_store, 0)
    call = {"n_future": 3, "samples": 2, "positions": given["positions"]}
    first = run.predict(given["frames"], given["actions"], **call)
    assert first.shape == (2, 3, 32, 32, 3)
    assert first.dtype == np.float32
    assert np.abs(first[0] - first[1]).max() > 0
    assert np.array_equal(first, run.predict(given["frames"], given["actions"], **call))
    assert not np.array_equal(first, run.predict(given["frames"], given["actions"], seed=5, **call))


def test_it_does_not_look_at_the_future_and_takes_larger_frames(run: Any, tiny_store: Store) -> None:
    given = episode(run, tiny_store, 0)
    rest = {"n_future": 3, "positions": given["positions"]}
    whole = run.predict(given["frames"], given["actions"], **rest)
    assert np.array_equal(whole, run.predict(given["frames"][:2], given["actions"], **rest))
    doubled = given["frames"].repeat(2, axis=1).repeat(2, axis=2)
    assert np.array_equal(whole, run.predict(doubled, given["actions"], **rest))
    assert not np.array_equal(whole, run.predict(given["frames"], given["actions"][::-1], **rest))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": np.zeros((2, 32, 32, 3))}, r"expected uint8 .*found float64"),
        ({"frames": np.zeros((1, 32, 32, 3), np.uint8)}, "2 or more"),
        ({"frames": np.zeros((2, 40, 40, 3), np.uint8)}, "S 32 or a multiple"),
        ({"actions": np.zeros((4, 4))}, "each of 6 frames"),
        ({"actions": None}, "trained on 7 values a frame"),
        ({"actions": np.full((12, 4), np.nan)}, "no finite number"),
        ({"samples": 0}, "must be 1 or more"),
    ],
)
def test_what_does_not_fit_is_said(run: Any, tiny_store: Store, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run.predict(**(episode(run, tiny_store, 0) | {"n_future": 4} | change))


def test_a_model_that_is_told_nothing_needs_no_actions(tiny: Config, tmp_path: Path) -> None:
    untold = changed(tiny, {"model": {"conditioned": False}, "train": {"steps": 2}})
    run = cvae.train(untold, tmp_path / "run")
    assert run.predict(np.zeros((2, 32, 32, 3), np.uint8), n_future=2).shape == (1, 2, 32, 32, 3)


def test_a_run_shows_itself(run: Any) -> None:
    shown = run._repr_html_()
    assert "<th>status<td>finished" in shown
    assert f"{run.scores['val/psnr']:.4g}" in shown
    with pytest.raises(InputError, match="not a run folder"):
        cvae.load_run(run.folder.parent)


def test_a_loaded_run_is_that_of_the_checkpoint(run: Any, tmp_path: Path) -> None:
    again = cvae.load_run(run.folder)
    assert all(a.equal(b) for a, b in zip(again.model.parameters(), run.model.parameters(), strict=True))
    scored = evaluate_checkpoint(
        cvae.api.loaded_run.RunFolder(again.folder), again.config, "validate", files_beside(tmp_path / "e"), ["prior"]
    )
    assert scored.summary["val/psnr"] == pytest.approx(run.scores["val/psnr"])


def test_the_name_alone_loads_no_torch() -> None:
    code = "import cvae, sweeps, sys; print({'torch', 'optuna', 'wandb'} & {*sys.modules}); cvae.nothing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "set()\n"
    assert "module 'cvae' has no attribute 'nothing'" in done.stderr
