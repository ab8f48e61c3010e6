"""Runs that wandb recorded come in whole. The online source is tested against a stand-in of the public API only."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from sweeps.report.analysis import analyse
from sweeps.wandb_import.importer import import_runs
from sweeps.wandb_import.logged_runs import read_folder
from sweeps.wandb_import.mapping import KeyMapping

ROOT = Path(__file__).parents[3]
FOREIGN = KeyMapping(metric="valid/score", final="best_test", arm_key="optim.schedule", seed_key="trainer.seed")


@dataclass
class FakeRun:
    """What `wandb.Api().runs()` yields, as far as the import asks."""

    id: str
    config: dict
    rows: list
    summary: dict
    name: str = "leafy-river-7"
    group: str | None = None
    job_type: str | None = None
    tags: list = field(default_factory=list)
    state: str = "finished"

    def scan_history(self):
        return iter(self.rows)

    def history(self, **_):
        raise AssertionError("history() is sampled")


@dataclass
class FakeApi:
    found: list

    def runs(self, path):
        assert path == "team/video"
        return self.found


def foreign_runs(n_rows=700, n_seeds=6):
    rng, runs = np.random.default_rng(0), []
    for arm, gain in (("cosine", 0.0), ("step", 0.5)):
        for seed in range(n_seeds):
            score = 20 + gain + rng.normal(0, 0.1)
            rows = [{"_step": i, "_timestamp": 1e9, "valid/score": score - 10 / (i + 1)} for i in range(n_rows)]
            config = {"optim": {"schedule": arm}, "trainer": {"seed": seed}, "_wandb": {}}
            runs.append(FakeRun(f"{arm}{seed}", config, rows, {"best_test": score - 0.3, "_runtime": 60}))
    return runs


def test_a_project_becomes_an_experiment_with_its_whole_history(tmp_path):
    folder = import_runs("team/video", tmp_path / "video", FOREIGN, FakeApi(foreign_runs()))
    analysis = analyse(folder)
    assert analysis.headline.startswith("step is better than cosine by 0.")
    assert analysis.experiment.plan.split == "test"
    run = analysis.experiment.of("step", "confirm")[2]
    assert len(run.series("val/score")) == 700  # not the 500 of a sampled history
    assert run.final("test/score") == pytest.approx(run.series("val/score")[-1][1] - 0.3 + 10 / 700)


def test_what_was_imported_is_not_imported_again(tmp_path):
    folder = import_runs("team/video", tmp_path / "video", FOREIGN, FakeApi(foreign_runs(3, 2)))
    assert import_runs("team/video", folder, FOREIGN, FakeApi([])) == folder
    with pytest.raises(InputError, match="was imported from team/video"):
        import_runs("team/video", folder, KeyMapping(), FakeApi([]))
    with pytest.raises(InputError, match="exists and was not imported"):
        import_runs("team/video", tmp_path, FOREIGN, FakeApi([]))


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (
            KeyMapping(arm_key="schedule", seed_key="trainer.seed"),
            "no 'schedule'.*sweeps.wandb_import SOURCE --arm-key, it has: optim, trainer",
        ),
        (KeyMapping(arm_key="optim.schedule"), "no 'seed'.*--seed-key"),
        (KeyMapping(arm_key="name", seed_key="trainer.seed"), "cosine0 and step0 both are leafy-river-7, confirm-0-s0"),
        (KeyMapping(arm_key="optim.schedule", seed_key="trainer.seed", final="typo"), "summary has 'typo'"),
    ],
)
def test_a_key_that_tells_nothing_is_named_with_those_there_are(tmp_path, mapping, words):
    with pytest.raises(InputError, match=words):
        import_runs("team/video", tmp_path / "video", mapping, FakeApi(foreign_runs(3, 1)))
    assert list(tmp_path.iterdir()) in ([], [tmp_path / ".video.tmp"])


def test_runs_without_a_final_score_are_compared_by_their_last_value_and_it_is_said(tmp_path):
    mapping = KeyMapping(metric="valid/score", arm_key="optim.schedule", seed_key="trainer.seed")
    analysis = analyse(import_runs("team/video", tmp_path / "video", mapping, FakeApi(foreign_runs(40))))
    run = analysis.experiment.of("step", "confirm")[0]
    assert analysis.experiment.score(run) == run.series("val/score")[-1][1]
    assert analysis.experiment.plan.confirm_key == "val/score"


def test_the_reader_reads_in_full_what_the_installed_wandb_writes(tmp_path, monkeypatch):
    # The contract: an offline run with more than one block of 32 KiB, written by wandb itself.
    import wandb

    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / ".home"))
    settings = wandb.Settings(console="off", silent=True, x_disable_stats=True, disable_git=True, disable_code=True)
    long = "x" * 70_000  # one record over three blocks
    logged = [{"val/psnr": 20 + i / 7, "train/kl": 1 / (i + 1)} for i in range(1500)]
    config = {"arm": "cyclical", "seed": 1003, "optim": {"lr": 1e-3}, "note": long}
    with wandb.init(
        mode="offline",
        dir=str(tmp_path),
        project="video",
        id="one",
        name="cyclical confirm-0-s1003",
        group="g",
        job_type="confirm",
        tags=["cyclical"],
        config=config,
        settings=settings,
    ) as run:
        for i, row in enumerate(logged):
            run.log(row, step=10 * i)
        run.config.update({"late": 5})
        run.summary["final/test/psnr"] = 21.25
        run.summary["status"] = "finished"
    deadline = time.monotonic() + 60
    (found,) = read_folder(tmp_path)
    while found.state != "finished" and time.monotonic() < deadline:  # wandb's service writes the end a moment later
        time.sleep(0.05)
        (found,) = read_folder(tmp_path)
    assert [{key: row[key] for key in logged[0]} for row in found.history] == logged
    assert [row["_step"] for row in found.history] == [10 * i for i in range(1500)]
    assert {key: found.config[key] for key in config} == config
    assert (found.config["late"], found.state, found.group, list(found.tags)) == (5, "finished", "g", ["cyclical"])
    assert found.summary["final/test/psnr"] == 21.25
    folder = import_runs(str(tmp_path / "wandb"), tmp_path / "imported", KeyMapping())
    imported = analyse(folder).experiment.of("cyclical", "confirm")[0]
    assert imported.name == "confirm-0-s1003"
    assert imported.final("test/psnr") == 21.25
    assert len(imported.series("val/psnr")) == 1500


def test_what_is_no_log_is_refused_by_name(tmp_path):
    (tmp_path / "run-x.wandb").write_text("hello")
    with pytest.raises(InputError, match="not a transaction log"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="holds no offline runs"):
        read_folder(tmp_path / "none")
    with pytest.raises(InputError, match="neither a folder nor ENTITY/PROJECT"):
        import_runs("no-such-folder", None, KeyMapping())


def test_imported_state_says_what_wandb_said(tmp_path):
    runs = foreign_runs(5, 3)
    runs[0].state, runs[1].state = "crashed", "running"
    mapping = KeyMapping(metric="valid/score", arm_key="optim.schedule", seed_key="trainer.seed")
    folder = import_runs("team/video", tmp_path / "video", mapping, FakeApi(runs))
    statuses = {json.loads((RunFolder(p.parent)).state.read_text())["status"] for p in folder.glob("*/*/run.json")}
    assert statuses == {"failed", "running", "finished"}
    (pair,) = analyse(folder).pairs
    assert pair.left_out == ("seed 0: cosine failed", "seed 1: cosine running")


def test_a_group_of_a_project_comes_in_alone(tmp_path):
    runs = foreign_runs(5, 2) + foreign_runs(5, 2)  # the second half repeats the first: together they are refused
    for run in runs[:4]:
        run.group = "first"
    folder = import_runs("team/video/first", tmp_path / "video", FOREIGN, FakeApi(runs))
    assert len(list(folder.glob("*/*/run.json"))) == 4
    with pytest.raises(InputError, match="both are cosine"):
        import_runs("team/video", tmp_path / "both", FOREIGN, FakeApi(runs))


@pytest.mark.parametrize(
    ("options", "words"), [({"direction": "up"}, "maximize or minimize"), ({"margin": 0.0}, "a number above 0")]
)
def test_a_mapping_that_no_report_could_use_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        KeyMapping(**options)


def command(*arguments, cwd=None):
    paths = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(cwd or ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "sweeps.wandb_import", *map(str, arguments)],
        cwd=cwd,
        env=paths,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_writes_the_folder_and_says_what_comes_next(tmp_path):
    import wandb

    settings = wandb.Settings(console="off", silent=True, x_disable_stats=True, disable_git=True, disable_code=True)
    for arm in ("cosine", "step"):
        for seed in (0, 1):
            config = {"optim": {"schedule": arm}, "trainer": {"seed": seed}}
            with wandb.init(mode="offline", dir=str(tmp_path), project="p", config=config, settings=settings) as run:
                run.log({"loss": 1.0 + seed})
    keys = ("--arm-key", "optim.schedule", "--seed-key", "trainer.seed", "--metric", "loss")
    done = command(tmp_path / "wandb", "--into", tmp_path / "in", *keys, "--direction", "minimize", "--margin", 0.5)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{tmp_path}/in: 4 runs", f"next: python analyze.py {tmp_path}/in"]
    plan = analyse(tmp_path / "in").experiment.plan
    assert (plan.metric.name, plan.metric.direction, plan.metric.margin) == ("val/loss", "minimize", 0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "neither a folder nor ENTITY/PROJECT"),
        ((".",), "holds no offline runs"),
        ((".", "--direction", "up"), "--direction is 'up'"),
    ],
)
def test_the_command_ends_a_mistake_in_one_line(tmp_path, arguments, words):
    done = command(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert words in line


def test_the_command_helps():
    done = command("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--arm-key" in done.stdout
