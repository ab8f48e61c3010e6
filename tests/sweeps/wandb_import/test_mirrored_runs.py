"""There and back: what the mirror writes by wandb itself, the importer reads, and the report judges as the original."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvae.config import dump_yaml, load_yaml_mapping
from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.report.analysis import Analysis, analyse
from sweeps.report.output import write_report
from sweeps.tracking.mirror import Mirror
from sweeps.tracking.offline_runs import LoggedRun, offline_runs_of, read_log
from sweeps.tracking.settings import quiet_environment
from sweeps.wandb_import import KeyMapping, import_runs
from tests.sweeps.report.planted import Planted, plant_thresholds

ROOT = Path(__file__).parents[3]


def planted(folder: Path, **more: Any) -> Path:
    """An experiment of two arms, its configurations as a sweep writes them, and each arm's threshold."""
    experiment = Planted({"constant": 0.0, "cyclical": 0.8}, **{"n_seeds": 3, "n_trials": 2} | more).write(folder)
    for path in experiment.glob("*/*"):
        run = RunFolder(path)
        split = "validate" if path.name.startswith("tune") else "test"
        config = load_yaml_mapping(run.config) | {"evaluation": {"final_split": split}, "runtime": {"threads": 1}}
        run.config.write_text(
            dump_yaml(config | {"kl_anneal": {"mode": "capacity" if "cyc" in str(path) else "constant"}})
        )
    plant_thresholds(experiment, dict.fromkeys(("constant", "cyclical"), 3e-5))
    return experiment


def mirror(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Mirror an experiment, offline, and return the folder of its offline runs."""
    for key, value in quiet_environment(root).items():
        monkeypatch.setenv(key, value)
    whole = Mirror(root)
    whole.catch_up()
    whole.close()
    logs, deadline = list((root / "wandb").rglob("run-*.wandb")), time.monotonic() + 60
    while any(read_log(log) is None for log in logs) and time.monotonic() < deadline:
        time.sleep(0.05)  # of a run that is not over wandb's service writes the first line in its own time
    return root / "wandb"


def verdict_of(analysis: Analysis) -> dict[str, Any]:
    write_report(analysis, pictures=False, paper=False)
    verdict: dict[str, Any] = json.loads((analysis.experiment.folder / "report" / "verdict.json").read_text())
    return verdict


@pytest.mark.parametrize("n_configs", [1, 2])
def test_a_mirrored_experiment_comes_back_with_its_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_configs: int
) -> None:
    # parameters, curves, split, arm means, differences, intervals, checks and verdict: all that a report judges
    root = planted(tmp_path, n_configs=n_configs, statuses={("constant", 1): "diverged"}, kl=5.0)
    folder = import_runs(str(mirror(root, monkeypatch)), tmp_path / "back", KeyMapping())
    before, after = analyse(root), analyse(folder)
    assert before.experiment.plan == after.experiment.plan
    assert len(after.experiment.runs) == 2 * (2 + 3 * n_configs)
    for mine, back in zip(before.experiment.runs, after.experiment.runs, strict=True):
        assert (back.arm, back.phase, back.number, back.seed, back.trial) == (
            mine.arm, mine.phase, mine.number, mine.seed, mine.trial,
        )  # fmt: skip
        assert back.params == mine.params
        assert back.state == replace(mine.state, pid=None)
        assert {k for k in back.epochs.columns if k.startswith("train/")} >= {"train/beta", "train/tfr", "train/lr"}
        for key in mine.epochs.columns.keys() - {"epoch"}:
            assert back.series(key) == mine.series(key)
        assert (back.weight(), before.experiment.score(mine)) == (mine.weight(), after.experiment.score(back))
    assert (after.experiment.plan.confirm_key, after.experiment.beta_c) == ("test/psnr", before.experiment.beta_c)
    assert verdict_of(after) == verdict_of(before)
    assert "cyclical against constant is undecided" in after.headline  # three seeds


def test_a_mirrored_run_comes_back_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # what is documented as lost, and nothing else: nulls, paths and threads of config.yaml, and the epoch
    root = planted(tmp_path, n_seeds=1)
    folder = import_runs(str(mirror(root, monkeypatch)), tmp_path / "back", KeyMapping())
    for name in ("experiment.yaml", "data.json"):
        assert (folder / name).read_bytes() == (root / name).read_bytes()
    runs = sorted(folder.glob("*/*/run.json"))
    assert len(runs) == 6
    for path in runs:
        back, mine = RunFolder(path.parent), RunFolder(root / path.parts[-3].partition("-")[2] / path.parts[-2])
        identity = back.read_identity()
        assert identity is not None
        assert replace(identity, wandb_id=None) == mine.read_identity()
        expected = load_yaml_mapping(mine.config)
        del expected["runtime"]
        assert load_yaml_mapping(back.config) == expected
        lines = [{k: v for k, v in line.items() if k != "epoch"} for line in mine.read_epochs()]
        assert back.read_epochs() == lines


def test_only_what_is_documented_as_lost_is_missing_from_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # docs/report.md: scores clip by clip and diagnostics do not come back
    root = planted(tmp_path, measured=True)
    for path in root.glob("*/*/clips.npz"):
        scores = dict(np.load(path))
        np.savez(path, **scores, copy_last_psnr=scores["psnr"] - 2)
    folder = import_runs(str(mirror(root, monkeypatch)), tmp_path / "back", KeyMapping())
    before, after = verdict_of(analyse(root)), verdict_of(analyse(folder))
    for verdict in (before, after):
        del verdict["guards"], verdict["variance"]["clip"], verdict["variance"]["clip_in_score"]
        del verdict["pairs"][0]["over_clips"]
    assert after == before


class StoredRun:
    """A mirrored run as wandb's public API gives it: what is dotted in a log is nested, and more experiments beside."""

    def __init__(self, logged: LoggedRun) -> None:
        self.id, self.name, self.group, self.job_type = logged.id, logged.name, logged.group, logged.job_type
        self.tags, self.state, self.config, self.summary = logged.tags, logged.state, logged.config, logged.summary
        self._history = logged.history

    def scan_history(self) -> Iterator[dict[str, Any]]:
        for row in self._history:
            nested: dict[str, Any] = {}
            for key, value in row.items():
                outer, _, inner = key.partition(".")
                if inner:
                    nested.setdefault(outer, {})[inner] = value
                else:
                    nested[outer] = value
            yield nested


class StoredProject:
    """One project with every experiment that was mirrored into it."""

    def __init__(self, *wandb_folders: Path) -> None:
        self._logged = [run.read() for folder in wandb_folders for run in offline_runs_of(folder)]

    def runs(self, path: str) -> list[StoredRun]:
        assert path == "team/cvae-sweeps"
        return [StoredRun(logged) for logged in self._logged]


def test_one_experiment_of_a_project_comes_back_from_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, other = planted(tmp_path / "a"), planted(tmp_path / "b", name="other", n_seeds=1)
    project = StoredProject(mirror(root, monkeypatch), mirror(other, monkeypatch))
    folder = import_runs("team/cvae-sweeps/kl-annealing", tmp_path / "back", KeyMapping(), project)
    assert verdict_of(analyse(folder)) == verdict_of(analyse(root))
    with pytest.raises(InputError, match="holds several experiments"):
        import_runs("team/cvae-sweeps", tmp_path / "both", KeyMapping(), project)


def test_a_sweep_that_is_still_running_comes_back_as_far_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = planted(tmp_path, n_seeds=2)
    run = RunFolder(root / "cyclical" / "confirm-0-s1001")
    run.write_state(replace(run.read_state(), status="interrupted", step=600, final=None, flags=None))
    folder = import_runs(str(mirror(root, monkeypatch)), tmp_path / "back", KeyMapping())
    back = analyse(folder).experiment.of("cyclical", "confirm")[1]
    assert (back.status, back.state.step) == ("interrupted", 600)
    assert back.series("train/mse")[-1][0] == 600


def test_what_does_not_belong_together_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = mirror(planted(tmp_path / "a", n_seeds=1), monkeypatch)
    mirror(planted(tmp_path / "b", n_seeds=1, name="other"), monkeypatch)
    with pytest.raises(InputError, match=r"several experiments; .*ENTITY/PROJECT/kl-annealing: kl-annealing, other"):
        import_runs(str(tmp_path), tmp_path / "back", KeyMapping())
    with pytest.raises(InputError, match="they say what their keys mean"):
        import_runs(str(first), tmp_path / "back", KeyMapping(metric="val/ssim"))
    assert not (tmp_path / "back").exists()


def test_analyze_takes_mirrored_runs_in_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = mirror(planted(tmp_path), monkeypatch)
    command = [sys.executable, "analyze.py", "--wandb", str(source), "--into", str(tmp_path / "back"), "--no-pictures"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cyclical against constant is undecided" in done.stdout  # three seeds
    assert "cyclical - constant: +0." in done.stdout
    assert (tmp_path / "back" / "report" / "verdict.json").exists()
