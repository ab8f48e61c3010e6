"""A run folder through kills, stops, failures and resumes; every key of the configuration leaves a trace."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

from cvae.config.overrides import KIND_KEYS, at_path, merge
from cvae.config.schema import Config, build_config
from cvae.config.validation_errors import fields_of, sections_of, tag_of
from cvae.config.yaml_file import dump_yaml
from cvae.errors import AlreadyTraining, Diverged, InputError, Misplaced
from cvae.files import held
from cvae.record import RunError, RunState
from cvae.record.names import TIMINGS
from cvae.record.run_folder import RunFolder
from cvae.run.checkpoint import read_checkpoint
from cvae.run.train_run import train_run
from tests.conftest import changed

ROOT = Path(__file__).parents[3]


def new_run(path: Path, config: Config) -> RunFolder:
    folder = RunFolder(path)
    path.mkdir(parents=True)
    folder.config.write_text(dump_yaml(config.model_dump(mode="json")))
    return folder


def finish(folder: RunFolder) -> RunFolder:
    for _ in train_run(folder):
        pass
    return folder


def trajectory(folder: RunFolder) -> list[dict[str, Any]]:
    """The recorded evaluations, timings aside."""
    return [{k: v for k, v in line.items() if k not in TIMINGS} for line in folder.read_epochs()]


@pytest.fixture(scope="module")
def finished(tiny: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finish(new_run(tmp_path_factory.mktemp("run") / "a", tiny))


def test_a_training_on_a_cpu_keeps_what_it_frees(tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setitem(train_run.__globals__, "keep_freed_memory", lambda: asked.append(True))
    assert tiny.runtime.device == "cpu"
    next(train_run(new_run(tmp_path / "a", tiny)))
    assert asked == [True]


def test_a_finished_run_is_complete(finished: RunFolder, tiny: Config) -> None:
    state = finished.read_state()
    assert (state.status, state.attempt, state.step, state.error) == ("finished", 1, 6, None)
    assert all((state.device, state.precision, state.threads, state.versions, state.data_fingerprint, state.seconds))
    assert [line["step"] for line in finished.read_epochs()] == [2, 4, 6]
    clips = np.load(finished.clips)
    assert clips["psnr"].shape == clips["copy_last_psnr"].shape == (5, 4)
    assert state.scores["val/psnr"] == pytest.approx(clips["psnr"].mean())
    assert state.scores["n_clips"] == len(clips["name"]) == 5
    assert state.flags == {"diverged": False, "collapsed": True}  # six updates: the posterior is still the prior
    of_model = {"psnr", "ssim", "mse", "psnr_rgb"}
    of_baselines = {f"{b}_{m}" for b in ("copy_last", "linear", "flat_colour") for m in of_model}
    assert set(clips) == {"name", "psnr_pooled"} | of_model | of_baselines
    assert not finished.diagnostics.exists()
    assert {p.name for p in finished.samples.iterdir()} == {
        "step-000004.png", "step-000004.gif", "step-000006.png", "step-000006.gif", "final.png", "final.gif",
    }  # fmt: skip
    with Image.open(finished.samples / "final.gif") as animation:
        assert animation.n_frames == tiny.n_past + tiny.n_eval
    assert not list(finished.path.glob(".*"))  # nothing temporary is left


def test_a_finished_run_keeps_its_weights_alone(finished: RunFolder) -> None:
    # Adam's two moments are two thirds of a checkpoint
    assert set(read_checkpoint(finished)["trainer"]) == {"model", "step"}


def test_a_finished_run_is_left_alone(finished: RunFolder) -> None:
    before = {p: p.stat().st_mtime_ns for p in finished.path.rglob("*") if p.name != "lock"}
    assert list(train_run(finished)) == []
    assert before == {p: p.stat().st_mtime_ns for p in finished.path.rglob("*") if p.name != "lock"}


@pytest.mark.parametrize("torn", [b"", b'{"step": 6, "ep'])
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    finished: RunFolder, tiny: Config, tmp_path: Path, torn: bytes
) -> None:
    folder = new_run(tmp_path / "b", tiny)
    run = train_run(folder)
    next(run)  # recorded, checkpointed when the next is asked for
    next(run)  # recorded but not checkpointed: the next attempt must write it again, not twice
    run.close()
    assert folder.read_state().status == "interrupted"
    with folder.epochs.open("ab") as file:
        file.write(torn)
    finish(folder)
    assert trajectory(folder) == trajectory(finished)
    assert folder.clips.read_bytes() == finished.clips.read_bytes()
    assert folder.read_state().attempt == 2


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_record(
    finished: RunFolder, tiny: Config, tmp_path: Path
) -> None:
    folder = new_run(tmp_path / "c", tiny)
    worker = [
        sys.executable,
        "-c",
        f"from cvae.run.train_run import *\nfor _ in train_run(RunFolder(Path({str(folder.path)!r}))): pass",
    ]
    kills = 0
    for wanted in (1, 2):  # kill soon after each of the first two evaluations
        process = subprocess.Popen(worker, cwd=ROOT)
        while process.poll() is None and len(folder.read_epochs()) < wanted:
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills > 0
    assert folder.read_state().status in ("running", "finished")
    finish(folder)
    assert trajectory(folder) == trajectory(finished)


def test_a_stop_file_ends_a_run_at_its_next_evaluation(tiny: Config, tmp_path: Path) -> None:
    folder = new_run(tmp_path / "d", tiny)
    folder.stop.touch()
    assert len(list(train_run(folder))) == 1
    assert folder.read_state().status == "stopped"
    assert set(folder.read_state().flags) == {"diverged", "collapsed"}
    assert folder.read_state().step == 2


@pytest.mark.parametrize(("asked", "status"), [("pruned", "pruned"), ("paused", "interrupted"), ("", "stopped")])
def test_a_stop_file_says_how_a_run_ends(asked: str, status: str, tiny: Config, tmp_path: Path) -> None:
    folder = new_run(tmp_path / "a", tiny)
    folder.ask_to_stop(asked)
    finish(folder)
    assert folder.read_state().status == status
    assert folder.read_state().step == 2


def test_a_checkpoint_cut_short_costs_time_and_nothing_else(tiny: Config, tmp_path: Path, finished: RunFolder) -> None:
    folder = new_run(tmp_path / "a", tiny)
    folder.ask_to_stop("paused")
    finish(folder)
    folder.stop.unlink()
    whole = folder.checkpoint.read_bytes()
    folder.checkpoint.write_bytes(whole[: len(whole) // 2])
    finish(folder)
    assert folder.checkpoint.with_suffix(".damaged").read_bytes() == whole[: len(whole) // 2]
    assert (folder.read_state().status, folder.read_state().attempt) == ("finished", 2)
    assert folder.read_state().mended == ("attempt 2 began again: checkpoint.pt was not readable",)
    assert trajectory(folder) == trajectory(finished)


def test_a_torn_last_line_of_the_evaluations_is_made_again(tiny: Config, tmp_path: Path, finished: RunFolder) -> None:
    folder = new_run(tmp_path / "a", tiny)
    folder.ask_to_stop("paused")
    finish(folder)
    folder.stop.unlink()
    with folder.epochs.open("ab") as file:
        file.write(b'{"step": 4, "val/ps')
    assert len(folder.read_epochs()) == 1
    finish(folder)
    assert folder.read_state().mended == ("attempt 2 cut off a torn line of epochs.jsonl",)
    assert trajectory(folder) == trajectory(finished)


def test_two_processes_cannot_train_one_run(tiny: Config, tmp_path: Path) -> None:
    folder = new_run(tmp_path / "e", tiny)
    with held(folder.lock) as is_ours:
        assert is_ours
        assert folder.is_being_trained()
        with pytest.raises(AlreadyTraining, match="another process"):
            finish(folder)
    assert not folder.is_being_trained()
    assert folder.read_state() == RunState()


def test_divergence_is_a_recorded_outcome(tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(*_: Any) -> None:
        raise Diverged("step 3: loss nan")

    monkeypatch.setattr("cvae.training.trainer.Trainer.update", diverge)
    folder = new_run(tmp_path / "f", tiny)
    with pytest.raises(Diverged):
        finish(folder)
    state = folder.read_state()
    assert (state.status, state.error) == ("diverged", RunError("diverged", "Diverged", "step 3: loss nan"))
    assert state.flags == {"diverged": True, "collapsed": False}


def test_a_full_evaluation_ends_a_run_that_asks_for_it(tiny: Config, finished: RunFolder, tmp_path: Path) -> None:
    folder = finish(new_run(tmp_path / "full", changed(tiny, {"evaluation": {"full": True}})))
    found, clips = json.loads(folder.diagnostics.read_text()), np.load(folder.clips)
    assert (found["split"], found["n_clips"], found["n_samples"]) == ("validate", 5, 3)
    assert found["flags"] == folder.read_state().flags
    assert np.array_equal(clips["psnr"], np.load(finished.clips)["psnr"])  # the same number, however it ends
    assert clips["best_of_n_psnr"].shape == (5, 4)
    assert {p.name for p in folder.samples.glob("final*")} == {"final.png", "final.gif", "final-kl.png"}
    final = folder.read_state().final
    assert final["val/psnr"] == finished.read_state().final["val/psnr"]
    assert final["val/best_of_n_psnr"] >= final["val/mean_of_n_psnr"]
    assert len(final) < 45


def test_a_run_that_draws_samples_ends_with_their_scores(tiny: Config, tmp_path: Path) -> None:
    config = changed(tiny, {"evaluation": {"energy_samples": 4, "final_split": "validate"}})
    folder = finish(new_run(tmp_path / "sampled", config))
    final, last = folder.read_state().final, folder.read_epochs()[-1]
    for name in ("energy_db", "energy", "crps", "copy_last_energy_db", "energy_db_per_frame"):
        assert final[f"val/{name}"] == last[f"val/{name}"]  # the same clips, samples and model
    assert np.load(folder.clips)["energy"].shape == (5,)
    assert not folder.diagnostics.exists()


def test_a_failure_is_recorded_before_it_is_raised(tiny: Config, tmp_path: Path) -> None:
    config = changed(tiny, {"data": {"source": "pushing", "n_validate": 0}})
    folder = new_run(tmp_path / "g", config)
    with pytest.raises(InputError, match="validate"):
        finish(folder)
    assert folder.read_state().status == "failed"
    assert "validate" in folder.read_state().error.message
    assert folder.read_state().flags == {"diverged": False, "collapsed": False}


@pytest.mark.parametrize(
    "lines",
    [
        b"\0" * 60 + b"\n",
        b"\x93garbage {\n",
        b"[1, 2]\n",
        b'{"step": 2}\n',
        b'{"step": 2, "train/kl": "much"}\n',
        b'{"step": 2, "train/kl": null}\n',
        b'{"step": 2, "train/kl": [1]}\n{"st',
        None,
    ],
)
def test_a_damaged_record_does_not_hide_what_went_wrong(lines: bytes | None, tiny: Config, tmp_path: Path) -> None:
    # the record is read while the failure is dealt with; None: it cannot even be opened
    folder = new_run(tmp_path / "g", changed(tiny, {"data": {"source": "pushing", "n_validate": 0}}))
    if lines is None:
        folder.epochs.mkdir()
    else:
        folder.epochs.write_bytes(lines)
    with pytest.raises(InputError, match="validate"):
        finish(folder)
    state = folder.read_state()
    assert (state.status, state.flags) == ("failed", {"diverged": False, "collapsed": False})
    assert "validate" in state.error.message


def test_a_place_that_is_not_there_is_no_final_word(tiny: Config, tmp_path: Path) -> None:
    config = changed(tiny, {"data": {"source": "bair", "root": str(tmp_path / "nowhere")}})
    folder = new_run(tmp_path / "g", config)
    with pytest.raises(Misplaced, match="nowhere"):
        finish(folder)
    assert (folder.read_state().status, folder.read_state().error.kind) == ("interrupted", "place")


@pytest.mark.parametrize("damage", [None, b"", b"{}", b"\0" * 9, b'{"status": "fin'])
def test_a_finished_run_without_a_readable_state_is_finished_again(
    damage: bytes | None, tiny: Config, tmp_path: Path, finished: RunFolder
) -> None:
    # its checkpoint holds the model and no optimizer: what is missing is its end, not its training
    folder = RunFolder(tmp_path / "a")
    shutil.copytree(finished.path, folder.path)
    folder.state.unlink()
    if damage is not None:
        folder.state.write_bytes(damage)
    (folder.path / ".checkpoint.pt.0123.tmp").touch()  # and a killed writer had been at work
    assert len(list(train_run(folder))) == 0
    state, before = folder.read_state(), finished.read_state()
    assert (state.status, state.step, state.final, state.flags) == ("finished", 6, before.final, before.flags)
    assert trajectory(folder) == trajectory(finished)
    assert (folder.state.with_suffix(".damaged").exists(), len(state.mended)) == ((damage is not None),) * 2
    assert not list(folder.path.glob(".*.tmp"))


def test_a_lost_evaluation_is_trained_again(tiny: Config, tmp_path: Path, finished: RunFolder) -> None:
    folder = new_run(tmp_path / "a", tiny)
    for n, _ in enumerate(train_run(folder), 1):
        if n == 2:
            folder.ask_to_stop("paused")
    folder.stop.unlink()
    first, *others = folder.epochs.read_bytes().splitlines(keepends=True)
    folder.epochs.write_bytes(b"\0" * len(first[:-1]) + b"\n" + b"".join(others))
    finish(folder)
    assert trajectory(folder) == trajectory(finished)
    again, left_out = folder.read_state().mended
    assert "began again: checkpoint.pt stood at step 4, and epochs.jsonl lacks evaluations" in again
    assert "epochs.jsonl: is damaged (a line is not readable)" in left_out


def test_a_damaged_checkpoint_is_named(finished: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / "h")
    shutil.copytree(finished.path, copy.path)
    os.truncate(copy.checkpoint, 1000)
    with pytest.raises(InputError, match=r"checkpoint\.pt: not a readable checkpoint"):
        read_checkpoint(copy)


def test_the_command_line_trains_one_model(tiny: Config, tmp_path: Path, finished: RunFolder) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(dump_yaml(tiny.model_dump(mode="json")))
    command = [sys.executable, "-m", "cvae.train", str(config), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "beta_sum 3.072" in done.stdout  # 1e-3 * 3 * 32 * 32
    assert "sigma 1.23935" in done.stdout
    assert "collapse expected above beta_c, about " in done.stdout
    assert trajectory(RunFolder(tmp_path / "run")) == trajectory(finished)
    refused = subprocess.run([*command, "--set", "beta=1"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "another configuration" in refused.stderr


# Another value for every key, of every mode that has it; a key that nothing reads would leave the run as it is.
MOVED: dict[str, Any] = {
    "seed": 1, "n_past": 1, "n_future": 3, "n_eval": 3, "image_size": 64, "store": "elsewhere",
    "data.seed": 1, "data.n_train": 9, "data.n_validate": 4, "data.n_test": 4, "data.n_frames": 13, "data.n_objects": 3,
    "data.slip": 0.5, "data.gate": 9.0, "data.stride": 1,
    "model.width": 0.25, "model.g_dim": 8, "model.z_dim": 2, "model.rnn_size": 8, "model.predictor_layers": 2,
    "model.posterior_layers": 2, "model.norm": "batch", "model.start": "unit", "model.skip": "first",
    "model.use_positions": False, "model.conditioned": False,
    "model.condition_offset": 0, "model.prior": "learned", "model.predictor_norm": "batch", "model.past_codes": True,
    "model.past_z": "prior", "model.batch_statistics": "frame", "model.condition_scale": "raw",
    "beta": 2e-3,
    "kl_anneal.ramp, monotonic": 0.3, "kl_anneal.shape, monotonic": "cosine",
    "kl_anneal.n_cycles, cyclical": 3, "kl_anneal.ramp, cyclical": 0.3, "kl_anneal.shape, cyclical": "cosine",
    "kl_anneal.floor, free_bits": 0.2,
    "kl_anneal.gamma, capacity": 0.02, "kl_anneal.c_max, capacity": 3.0, "kl_anneal.ramp, capacity": 0.3,
    "kl_anneal.target, control": 1e-4, "kl_anneal.kp, control": 2e-3, "kl_anneal.ki, control": 2e-3,
    "kl_anneal.beta_min, control": 1e-5, "kl_anneal.beta_max, control": 1e-5,
    "teacher_forcing.ratio, constant": 0.7,
    "teacher_forcing.decay_start, linear": 0.2, "teacher_forcing.decay_end, linear": 0.9,
    "teacher_forcing.floor, linear": 0.5,
    "teacher_forcing.k, exponential": 0.95, "teacher_forcing.decay_start, exponential": 0.5,
    "teacher_forcing.floor, exponential": 0.3,
    "teacher_forcing.k, inverse_sigmoid": 8.0, "teacher_forcing.decay_start, inverse_sigmoid": 0.5,
    "teacher_forcing.floor, inverse_sigmoid": 0.3,
    "teacher_forcing.frees_given, constant": True, "teacher_forcing.frees_given, linear": True,
    "teacher_forcing.frees_given, exponential": True, "teacher_forcing.frees_given, inverse_sigmoid": True,
    "teacher_forcing.coin, constant": "step", "teacher_forcing.detach, constant": True,
    "teacher_forcing.coin, linear": "batch", "teacher_forcing.detach, linear": True,
    "teacher_forcing.coin, exponential": "step", "teacher_forcing.detach, exponential": True,
    "teacher_forcing.coin, inverse_sigmoid": "batch", "teacher_forcing.detach, inverse_sigmoid": True,
    "optim.lr": 1e-3, "optim.beta1": 0.5, "optim.beta2": 0.5, "optim.clip": 0.01,
    "optim.schedule.floor, cosine": 0.5,
    "optim.schedule.fraction, warmup": 0.9, "optim.schedule.floor, warmup": 0.5,
    "optim.schedule.n_cycles, cyclic": 3, "optim.schedule.floor, cyclic": 0.5,
    "train.steps": 4, "train.batch_size": 2, "train.steps_per_epoch": 3, "train.stepping": "epoch",
    "evaluation.every": 3, "evaluation.seed": 1, "evaluation.final_split": "test", "evaluation.samples_every": 1,
    "evaluation.n_samples": 1, "evaluation.full": True, "evaluation.best_of": 2, "evaluation.conditions": False,
    "evaluation.energy_samples": 2,
    "runtime.precision": "bf16", "runtime.threads": 2,
}  # fmt: skip
# What the test cannot see here, and where it is seen.
SEEN_ELSEWHERE = {
    "evaluation.batch_size",  # test_trainer: changes no result, by law
    "evaluation.checkpoint",  # tests/cvae/run/test_checkpoint.py: keeps a file more, moves no number
    "model.network",  # tests/cvae/extensions: there is one, but for what other packages add
    "evaluation.lpips", "evaluation.fvd",  # test_perceptual: they name files
    "runtime.device",  # test_device: only one device is sure to exist
    "runtime.resident", "runtime.checkpointing", "runtime.compile",  # test_speed: change no result, by law
    "data.root", "data.camera", "data.frame_stride", "data.n_shards", "data.size.crop",  # tests/cvae/data
    "data.keys.actions", "data.keys.frames", "data.keys.positions",
    *(f"data.{split}.{key}" for split in ("validate", "test") for key in ("from", "seed", "share")),
}  # fmt: skip
# What a mode needs beside its name so that its keys matter within six updates.
MODES: dict[str, dict[str, Any]] = {
    "teacher_forcing, constant": {"ratio": 0.5},
    "teacher_forcing, linear": {"decay_start": 0.1},
    "teacher_forcing, exponential": {"k": 0.97},
    "teacher_forcing, inverse_sigmoid": {"k": 16.0},
    "kl_anneal, control": {"target": 1e-5, "kp": 1e-3, "ki": 1e-3},
}
NEEDS = {
    "model.batch_statistics": {"model": {"norm": "batch"}},
    "train.stepping": {"kl_anneal": {"mode": "monotonic"}},
    "evaluation.best_of": {"evaluation": {"full": True}},
    "evaluation.conditions": {"evaluation": {"full": True}},
}


def needs_of(key: str) -> dict[str, Any]:
    """The differences under which a key exists and matters."""
    path, _, mode = key.partition(", ")
    if not mode:
        return NEEDS.get(path, {})
    section = path.rpartition(".")[0]
    return at_path(section, {"mode": mode} | MODES.get(f"{section}, {mode}", {}))


def trace(folder: RunFolder) -> dict[str, Any]:
    """Everything a finished run leaves that is not a timing or a path of its own."""
    state = folder.read_state()
    pictures = {}
    for path in folder.samples.iterdir():
        with Image.open(path) as picture:
            pictures[path.name] = picture.size
    facts = {key: getattr(state, key) for key in ("precision", "threads", "data_fingerprint", "n_parameters", "final")}
    return {"epochs": trajectory(folder), "pictures": pictures, "facts": facts}


def leaf_keys(section: type[BaseModel] = Config, prefix: str = "", mode: str = "") -> Iterator[str]:
    """Every key that holds a value of its own, `path` or `path, mode` where only a mode of its section has it."""
    for name, field in fields_of(section).items():
        options = sections_of(field.annotation)
        if not options and name not in KIND_KEYS:
            yield f"{prefix}{name}{mode}"
        for option in options:
            inner = f", {tag_of(option)}" if "mode" in fields_of(option) else ""
            yield from leaf_keys(option, f"{prefix}{name}.", inner)


def test_every_key_is_moved_by_the_next_test() -> None:
    found = set(leaf_keys())
    assert len(found) > 70
    assert found - SEEN_ELSEWHERE == set(MOVED)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"root": tmp_path_factory.mktemp("traces")}


@pytest.mark.parametrize("name", MOVED)
def test_every_key_leaves_a_trace(name: str, tiny: Config, traces: dict[str, Any], tmp_path: Path) -> None:
    path, needs = name.partition(", ")[0], needs_of(name)
    base = merge(tiny.model_dump(mode="json"), {"train": {"steps": 6}, "evaluation": {"every": 4}})
    base = merge(base, needs)
    key = json.dumps(needs)
    if key not in traces:
        traces[key] = trace(finish(new_run(traces["root"] / str(len(traces)), build_config(base, "base"))))
    value = str(tmp_path / "store") if path == "store" else MOVED[name]
    config = build_config(merge(base, at_path(path, value)), "moved")
    folder = finish(new_run(tmp_path / "run", config))
    if path == "store":
        assert any((tmp_path / "store").iterdir())
    else:
        assert trace(folder) != traces[key]
