"""Evaluating a finished run again: other splits, other data, the training's scale of conditions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cvae.config import Config, build_config
from cvae.data import Episodes, PushingWorld, open_store
from cvae.data.lab_layout import write_lab_layout
from cvae.errors import InputError
from cvae.evaluate_run import evaluate_run
from cvae.metrics import psnr
from cvae.overrides import merge
from cvae.record import RunFolder
from cvae.run import train_run
from cvae.yaml_file import dump_yaml, load_yaml_mapping

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="module")
def trained(tiny: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = RunFolder(tmp_path_factory.mktemp("trained") / "run")
    folder.path.mkdir()
    folder.config.write_text(dump_yaml(tiny.model_dump(mode="json")))
    for _ in train_run(folder):
        pass
    return folder


def again(folder: RunFolder, split: Any, stem: Path, differences: dict[str, Any]) -> dict[str, Any]:
    config = build_config(merge(load_yaml_mapping(folder.config), differences), "t")
    return evaluate_run(folder, config, split, stem)


def test_the_final_evaluation_is_reproduced(trained: RunFolder, tmp_path: Path) -> None:
    summary = again(trained, "validate", tmp_path / "e", {})
    final = trained.read_state()["final"]
    assert {k: summary[k] for k in ("val/psnr", "n_clips")} == {k: final[k] for k in ("val/psnr", "n_clips")}
    assert np.array_equal(np.load(tmp_path / "e.npz")["psnr"], np.load(trained.clips)["psnr"])
    assert {p.name for p in tmp_path.iterdir()} == {"e.npz", "e.png", "e.gif"}


def test_the_same_frames_from_files_score_the_same(trained: RunFolder, tiny: Config, tmp_path: Path) -> None:
    # The world written out has other statistics in its train split: the training's scale must be used all the same.
    assert isinstance(tiny.data, PushingWorld)
    write_lab_layout(tiny.data.model_copy(update={"n_train": 2}), tmp_path / "lab", 32)
    source = {"data": {"source": "bair", "root": str(tmp_path / "lab"), "n_frames": 12}}
    own, files = again(trained, "test", tmp_path / "a", {}), again(trained, "test", tmp_path / "b", source)
    assert files["test/psnr"] == pytest.approx(own["test/psnr"], abs=1e-6)


def test_data_that_does_not_fit_the_model_is_refused(trained: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "npz" / "test").mkdir(parents=True)
    arrays = {"frames": np.zeros((14, 32, 32, 3), np.uint8), "actions": np.zeros((14, 2), np.float32)}
    np.savez(tmp_path / "npz" / "test" / "a.npz", **arrays)
    with pytest.raises(InputError, match=r"2 action and 0 position values .* trained on 7"):
        again(trained, "test", tmp_path / "e", {"data": {"source": "episodes", "root": str(tmp_path / "npz")}})


def test_a_run_without_a_checkpoint_is_named(tiny: Config, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no checkpoint"):
        evaluate_run(RunFolder(tmp_path), tiny, "test", tmp_path / "e")


@pytest.mark.skipif(not SHARED.exists(), reason="the real frames are not here")
def test_a_model_is_scored_on_the_real_bair_sequence(trained: RunFolder, tmp_path: Path) -> None:
    source = {"data": {"source": "bair", "root": str(SHARED / "bair_sample")}, "n_eval": 10, "store": str(tmp_path)}
    summary = again(trained, "test", tmp_path / "e", source)
    assert summary["n_clips"] == 1
    assert np.isfinite(summary["test/psnr"])
    assert len(summary["test/psnr_per_frame"]) == 10


@pytest.mark.skipif(not SHARED.exists(), reason="the real frames are not here")
def test_copy_last_scores_24_04_db_on_the_real_bair_sequence(tmp_path: Path) -> None:
    config = build_config({"data": {"source": "bair", "root": str(SHARED / "bair_sample")}}, "t")
    store = open_store(config.data, 64, tmp_path)
    scale = open_store(PushingWorld(n_train=1, n_validate=0, n_test=0), 32, tmp_path).statistics
    clip = torch.from_numpy(store.clips("test", 12, use_positions=True, statistics=scale)[0].frames)
    frames = clip.permute(0, 3, 1, 2).float() / 255
    assert psnr(frames[1].expand(10, -1, -1, -1), frames[2:]).mean().item() == pytest.approx(24.04, abs=0.005)


@pytest.mark.skipif(not SHARED.exists(), reason="the real frames are not here")
def test_the_real_robot_episodes_give_clips(tmp_path: Path) -> None:
    source = Episodes(root=SHARED / "robot_episodes", n_frames=36, stride=3)
    clips = open_store(source, 32, tmp_path).clips("validate", 12, use_positions=False)
    assert len(clips) == 6 * 9  # six episodes, starts 0, 3, .. 24
