"""Evaluating a finished run again: other splits, other data, the training's scale of conditions."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from typer.testing import CliRunner

from cvae.config.overrides import merge
from cvae.config.schema import Config, build_config
from cvae.config.yaml_file import dump_yaml, load_yaml_mapping
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources.npz import NpzEpisodes
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.store import open_store
from cvae.errors import InputError
from cvae.evaluate import app
from cvae.evaluation.metrics.image_metrics import psnr
from cvae.evaluation.protocols import ALL
from cvae.record.run_folder import RunFolder
from cvae.run.evaluate_checkpoint import evaluate_checkpoint
from cvae.run.final_evaluation import files_beside
from cvae.run.train_run import train_run

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture(scope="module")
def trained(tiny: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = RunFolder(tmp_path_factory.mktemp("trained") / "run")
    folder.path.mkdir()
    folder.config.write_text(dump_yaml(tiny.model_dump(mode="json")))
    for _ in train_run(folder):
        pass
    return folder


def again(
    folder: RunFolder, split: Any, stem: Path, differences: dict[str, Any], protocols: Any = ("prior",)
) -> dict[str, Any]:
    config = build_config(merge(load_yaml_mapping(folder.config), differences), "t")
    return evaluate_checkpoint(folder, config, split, files_beside(stem), protocols).summary


def test_the_final_evaluation_is_reproduced(trained: RunFolder, tmp_path: Path) -> None:
    summary = again(trained, "validate", tmp_path / "e", {}, ALL)
    final = trained.read_state().final
    assert {k: summary[k] for k in ("val/psnr", "n_clips")} == {k: final[k] for k in ("val/psnr", "n_clips")}
    assert np.array_equal(np.load(tmp_path / "e.npz")["psnr"], np.load(trained.clips)["psnr"])
    assert {p.name for p in tmp_path.iterdir()} == {"e.npz", "e.json", "e.png", "e.gif", "e-kl.png"}


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    """The message with which a command is refused."""
    error = command(*arguments).exception
    assert isinstance(error, InputError)
    return str(error)


def test_the_command_evaluates_beyond_the_training_and_leaves_the_run_alone(trained: RunFolder, tmp_path: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in trained.path.rglob("*")}
    stem = tmp_path / "far.v1"  # a dot belongs to the name
    done = command(str(trained.path), "--horizon", "9", "--samples", "2", "--out", str(stem), "--split", "test")
    assert done.exit_code == 0, done.output
    assert "3 clips of test: PSNR" in done.stdout
    assert "best of N" in done.stdout
    assert np.load(f"{stem}.npz")["best_of_n_ssim"].shape == (3, 9)
    found = json.loads(Path(f"{stem}.json").read_text())
    assert (found["split"], found["n_samples"], found["n_eval"]) == ("test", 2, 9)
    assert before == {p: p.stat().st_mtime_ns for p in trained.path.rglob("*")}


def test_a_bar_says_how_much_time_is_left(trained: RunFolder, tmp_path: Path) -> None:
    done = command(str(trained.path), "--protocol", "zero", "--out", str(tmp_path / "e"), "--split", "test")
    assert "9/9 predictions" in done.stderr  # three clips: prior, inference, zero
    assert done.stderr.rstrip().endswith("0:00:00 left")
    assert set(np.load(tmp_path / "e.npz")) >= {"psnr", "zero_psnr", "copy_last_ssim"}
    assert not [name for name in np.load(tmp_path / "e.npz") if "of_n" in name or "posterior" in name]


def test_a_run_without_diagnostics_gets_them(trained: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / "run")
    shutil.copytree(trained.path, copy.path)
    assert command(str(copy.path), "--set", "n_eval=3", "--split", "validate", "--samples", "1").exit_code == 0
    assert not copy.diagnostics.exists()  # another horizon: not the evaluation that the run would have ended with
    assert command(str(copy.path), "--split", "validate").exit_code == 0
    assert json.loads(copy.diagnostics.read_text())["split"] == "validate"


def test_what_cannot_be_evaluated_is_named(trained: RunFolder, tmp_path: Path) -> None:
    run, none = str(trained.path), str(tmp_path / "none.pt")
    assert "longest has 12" in refused(run, "--horizon", "28")
    assert "evaluation.lpips" in refused(run, "--set", f"evaluation.lpips={none}")
    assert "nothing is downloaded" in refused(run, "--set", f"evaluation.fvd={none}")
    assert "does not hold the model" in refused(run, "--set", "model.z_dim=5")
    assert "not a run folder" in refused(str(tmp_path))
    assert command(run, "--protocol", "worst").exit_code == 2


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
        evaluate_checkpoint(RunFolder(tmp_path), tiny, "test", files_beside(tmp_path / "e"), ALL)


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
    source = NpzEpisodes(root=SHARED / "robot_episodes", n_frames=36, stride=3)
    clips = open_store(source, 32, tmp_path).clips("validate", 12, use_positions=False)
    assert len(clips) == 6 * 9  # six episodes, starts 0, 3, .. 24


def test_two_evaluations_never_share_their_files(trained: RunFolder, tiny: Config, tmp_path: Path) -> None:
    # each asks for something else, by protocol, split, horizon, samples, data or another key: each has its own name
    copy = RunFolder(tmp_path / "run")
    shutil.copytree(trained.path, copy.path)
    assert isinstance(tiny.data, PushingWorld)
    write_lab_layout(tiny.data.model_copy(update={"n_train": 2, "seed": 3}), tmp_path / "lab", 32)
    other = ["--set", f"data={{source: bair, root: {tmp_path / 'lab'}, n_frames: 12}}"]
    asked = [
        [], ["--split", "validate"], ["--protocol", "zero"], ["--horizon", "3"], ["--samples", "2"],
        ["--set", "evaluation.seed=4"], other,
    ]  # fmt: skip
    written: dict[Path, bytes] = {}
    for n, options in enumerate(asked, start=1):
        done = command(str(copy.path), "--protocol", "prior", *options)
        assert done.exit_code == 0, done.output
        files = {path: path.read_bytes() for path in copy.path.glob("evaluation-*.npz")}
        assert len(files) == n, options
        assert {path: files[path] for path in written} == written
        written = files
    assert {"evaluation-test-prior.npz", "evaluation-test-prior-zero.npz"} < {path.name for path in written}


def test_a_stem_that_is_taken_is_not_written_over(trained: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "e.npz").touch()
    assert "holds another evaluation" in refused(str(trained.path), "--out", str(tmp_path / "e"))
