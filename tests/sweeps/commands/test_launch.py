"""The commands as a person uses them: a real sweep to its report, and every mistake in one line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cvae.config.overrides import merge
from cvae.config.yaml_file import dump_yaml
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources.pushing_world import PushingWorld
from cvae.errors import InputError
from cvae.files import held
from cvae.record.run_folder import RunFolder
from sweeps.commands.launch import launch
from sweeps.commands.options import LaunchOptions
from sweeps.estimate.costs import Costs
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.coordinator_record import is_worked_on
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.tracking.offline_runs import offline_runs_of
from sweeps.tracking.wandb_schema import is_final
from sweeps.workers.slots import Slots
from tests.conftest import TINY
from tests.sweeps.tracking.mirror.test_experiment_mirror import check_equal

ROOT = Path(__file__).parents[3]
Command = Callable[..., "subprocess.CompletedProcess[str]"]

KEY = "planted1" * 5

EXPERIMENT: dict[str, Any] = {
    "name": "tiny",
    "question": "Does it run?",
    "base": TINY,
    "arms": {"constant": {}, "cyclical": {"kl_anneal": {"mode": "cyclical", "n_cycles": 2}}},
    "search": {"optim.lr": {"float": [1e-3, 1e-2], "log": True}},
    "tune": {"trials_per_arm": 1},
    "confirm": {"seeds": 2},
}


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """Run a command of the project with an experiment file made of given values."""

    def call(*arguments: str, experiment: dict[str, Any] | None = None) -> "subprocess.CompletedProcess[str]":
        if experiment is not None:
            (tmp_path / "experiment.yaml").write_text(dump_yaml(experiment))
        home = os.environ | {"HOME": str(tmp_path / "home"), "WANDB_API_KEY": KEY}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=home)

    return call


def sweep(
    run: Command, tmp_path: Path, experiment: dict[str, Any], *options: str
) -> "subprocess.CompletedProcess[str]":
    store = f"base.store={tmp_path / 'store'}"
    file, runs = str(tmp_path / "experiment.yaml"), str(tmp_path / "runs")
    return run("run_sweep.py", file, "--runs", runs, "--set", store, *options, experiment=experiment)


def refused(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """One line that starts with `error:` and has the words, status 2, no traceback."""
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


def test_a_sweep_from_file_to_report_and_wandb(run: Command, tmp_path: Path) -> None:
    # Two arms, one trial and two seeds each: six real workers, mirrored offline.
    done = sweep(run, tmp_path, EXPERIMENT, "--slots", "2", "--notify", f"cat >> {tmp_path / 'told'}")
    assert done.returncode == 0, done.stderr
    root = tmp_path / "runs" / "tiny"
    told = json.loads((tmp_path / "told").read_text())
    assert (told["event"], told["folder"]) == ("ended", str(root))
    assert told["text"].startswith("6 of 6 runs done")
    assert f"python analyze.py {root}" in done.stdout
    assert "beta:  0.001, beta_sum 3.07, sigma 1.24; collapse expected above beta_c, about " in done.stdout
    assert set(json.loads((root / "data.json").read_text())["arms"]) == {"constant", "cyclical"}
    report = run("analyze.py", str(root))
    assert report.returncode == 0, report.stderr
    verdict = json.loads((root / "report" / "verdict.json").read_text())
    # so short a training may break down, which is counted and no seed lost
    assert {arm: facts["n_ended"] for arm, facts in verdict["arms"].items()} == {"constant": 2, "cyclical": 2}
    assert verdict["pairs"][0]["breakdowns"]["n"] == 2
    check_wandb(root)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 100
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []  # nobody writes the planted API key
    assert not (tmp_path / "home").exists() or not list((tmp_path / "home").rglob("*wandb*"))
    plan = sweep(run, tmp_path, EXPERIMENT, "--plan")
    assert "6 of 6 runs done" in plan.stdout
    changed = sweep(run, tmp_path, EXPERIMENT, "--set", "base.optim.clip=3.0")
    refused(changed, "base.optim.clip", "another name")


def check_wandb(root: Path) -> None:
    """Every run has one offline folder that the terminal browser reads: config, every metric against step, media."""
    mirrored = offline_runs_of(root / "wandb")
    assert len(mirrored) == 6
    for offline in mirrored:
        arm, _, name = offline.run_id.removeprefix("tiny-").partition("-")
        folder, run = RunFolder(root / arm / name), offline.read()
        check_equal(run, folder)
        assert run.axes == {"*": "step"}
        assert run.tags[:2] == [arm, f"seed {folder.read_identity().seed}"]
        assert run.config["optim"]["lr"] == run.config["searched"]["lr"]
        assert any(is_final(row) for row in run.history) == name.startswith("confirm")


def bair_experiment(root: Path) -> dict[str, Any]:
    base = TINY | {"data": {"source": "bair", "root": str(root), "n_frames": 12}}
    return EXPERIMENT | {"base": base}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cofirm": {}}, ["unknown key 'cofirm'", "did you mean 'confirm'?"]),
        ({"base": TINY | {"optim": {"lr": "fast"}}}, ["optim.lr is 'fast'", "number"]),
        (
            {"arms": {"a": {"kl_anneal": {"mode": "cyclical"}, "search": {"kl_anneal.cycles": {"int": [1, 2]}}}}},
            ["arm 'a'", "kl_anneal.cycles", "did you mean 'kl_anneal.n_cycles'?"],
        ),
        ({"base": TINY | {"data": {"source": "pushing", "n_test": 0}}}, ["no test split", "data.n_test"]),
        ({"base": TINY | {"data": {"source": "bair", "root": "/nowhere"}}}, ["/nowhere", "does not exist"]),
    ],
)
def test_a_mistake_in_the_file(run: Command, tmp_path: Path, change: dict[str, Any], words: list[str]) -> None:
    refused(sweep(run, tmp_path, EXPERIMENT | change), *words)
    assert not (tmp_path / "runs").exists()  # nothing half-made


def test_mistakes_on_the_command_line(run: Command, tmp_path: Path) -> None:
    refused(run("run_sweep.py", str(tmp_path / "none.yaml")), "none.yaml", "there is no such experiment file")
    refused(sweep(run, tmp_path, EXPERIMENT, "--set", "confirm.seeds"), "expected PATH=VALUE")
    refused(sweep(run, tmp_path, EXPERIMENT, "--tracker", "cloud"), "offline, online, disabled")
    refused(run("analyze.py", str(tmp_path / "none")), "none")
    refused(run("-m", "cvae.evaluate", str(tmp_path)), "not a run folder")


def test_an_unwritable_runs_folder(run: Command, tmp_path: Path) -> None:
    # a file where the folder should be: even root cannot write below it
    (tmp_path / "runs").write_text("")
    refused(sweep(run, tmp_path, EXPERIMENT), str(tmp_path / "runs"), "is a file; expected a folder")


def test_a_report_without_a_finished_run(run: Command, tmp_path: Path) -> None:
    root = tmp_path / "runs" / "tiny"
    root.mkdir(parents=True)
    (root / "experiment.yaml").write_text(dump_yaml(EXPERIMENT | {"metric": {"name": "val/psnr"}}))
    refused(run("analyze.py", str(root)), "no run has finished", "run_sweep.py")
    assert not (root / "report").exists()


def break_frame(sequence: Path) -> None:
    (sequence / "5.png").unlink()


def break_rows(sequence: Path) -> None:
    path = sequence / "actions.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def break_png(sequence: Path) -> None:
    path = sequence / "7.png"
    path.write_bytes(path.read_bytes()[:200])


def break_size(sequence: Path) -> None:
    Image.new("RGB", (16, 16)).save(sequence / "3.png")


def break_number(sequence: Path) -> None:
    path = sequence / "actions.csv"
    path.write_text("nan" + path.read_text()[path.read_text().index(",") :])


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (break_frame, ["5.png"]),
        (break_rows, ["actions.csv", "11", "12"]),
        (break_png, ["7.png"]),
        (break_size, ["3.png", "16x16", "32x32"]),
        (break_number, ["actions.csv", "nan"]),
    ],
)
def test_a_fault_in_the_data(run: Command, tmp_path: Path, break_it: Callable[[Path], None], words: list[str]) -> None:
    root = tmp_path / "lab"
    write_lab_layout(PushingWorld(n_train=2, n_validate=1, n_test=1, n_frames=12), root, 32)
    break_it(root / "train" / "traj_0_to_255.tfrecords" / "1")
    refused(sweep(run, tmp_path, bair_experiment(root)), *words)
    assert not (tmp_path / "runs").exists()
    assert not list((tmp_path / "store").glob("*/meta.json"))


def test_an_npz_without_frames_and_an_empty_split(run: Command, tmp_path: Path) -> None:
    for split in ("train", "validate", "test"):
        (tmp_path / "npz" / split).mkdir(parents=True)
    base = TINY | {"data": {"source": "episodes", "root": str(tmp_path / "npz")}}
    refused(sweep(run, tmp_path, EXPERIMENT | {"base": base}), str(tmp_path / "npz"))
    np.savez(tmp_path / "npz" / "train" / "a.npz", actions=np.zeros((20, 4)))
    refused(sweep(run, tmp_path, EXPERIMENT | {"base": base}), "a.npz", "frames")
    assert not (tmp_path / "runs").exists()


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder, but for the lock."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file() and p.name != "lock"}


def options(budget_s: float | None = None) -> LaunchOptions:
    return LaunchOptions(1, "disabled", "quiet", None, None, budget_s, 60.0)


@pytest.fixture
def stopped(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ExperimentFolder, dict[str, Any]]:
    """A sweep that was launched and ended at once, and its experiment."""
    values = EXPERIMENT | {"base": TINY | {"store": str(cache)}}
    root = ExperimentFolder(tmp_path / "tiny")
    monkeypatch.setattr("sweeps.commands.launch.work_in_foreground", lambda *_: None)
    launch(build_experiment(values, "t"), root, Slots({"cpu": 1}), options())
    return root, values


def test_a_launch_that_is_refused_changes_nothing(stopped: tuple[ExperimentFolder, dict[str, Any]]) -> None:
    # another experiment, other data, another coordinator: the folder is as it was, to the byte
    root, values = stopped
    before = contents(root.path)
    changed = build_experiment(merge(values, {"base": {"optim": {"clip": 3.0}}}), "t")
    with pytest.raises(InputError, match=r"base\.optim\.clip"):
        launch(changed, root, Slots({"cpu": 1}), options())
    assert contents(root.path) == before
    with held(root.lock), pytest.raises(InputError, match="is working on it"):
        launch(build_experiment(values, "t"), root, Slots({"cpu": 1}), options())
    assert contents(root.path) == before
    Ledger(root.ledger).append("started", data=["other data"])
    before = contents(root.path)
    more = build_experiment(merge(values, {"confirm": {"seeds": 3}}), "t")  # which a launch may change, and writes down
    with pytest.raises(InputError, match="the data has changed"):
        launch(more, root, Slots({"cpu": 1}), options())
    assert contents(root.path) == before


def test_a_budget_that_is_too_small_leaves_no_folder(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = Costs({(arm, phase): 60.0 for arm in EXPERIMENT["arms"] for phase in ("tune", "confirm")}, {}, "given")
    monkeypatch.setattr("sweeps.estimate.trim.find_costs", lambda *_: costs)
    experiment = build_experiment(EXPERIMENT | {"base": TINY | {"store": str(cache)}}, "t")
    with pytest.raises(InputError, match="--budget 10 s is too small"):
        launch(experiment, ExperimentFolder(tmp_path / "runs" / "tiny"), Slots({"cpu": 1}), options(10.0))
    assert not (tmp_path / "runs").exists()


def test_one_lock_is_held_from_the_check_to_the_end(
    stopped: tuple[ExperimentFolder, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, values = stopped
    taken: list[Path] = []

    def counted(path: Path, wait_s: float) -> Any:
        taken.append(path)
        return held(path, wait_s)

    seen = []
    monkeypatch.setattr("sweeps.commands.launch.held", counted)
    monkeypatch.setattr("sweeps.commands.launch.check_unchanged", lambda *_: seen.append(is_worked_on(root)))
    monkeypatch.setattr("sweeps.commands.launch.work_in_foreground", lambda *_: seen.append(is_worked_on(root)))
    launch(build_experiment(values, "t"), root, Slots({"cpu": 1}), options())
    assert taken == [root.lock]
    assert seen == [True, True]
    assert not is_worked_on(root)
