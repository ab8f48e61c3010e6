"""What a sweep says while it runs: a table, lines, JSON, or trouble alone."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from sweeps.commands.live import Progress
from sweeps.commands.output import OUTPUTS, chosen, watch
from sweeps.coordinator.coordinator import Coordinator
from sweeps.coordinator.counts import RunCounts
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment.plan import PlannedRun, all_runs
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.made_runs import begin, evaluate

EXPERIMENT = {
    "name": "toy",
    "arms": {"constant": {}, "cyclical": {"kl_anneal": {"mode": "cyclical"}}},
    "search": {"optim.lr": {"float": [1e-4, 1e-2], "log": True}},
    "tune": {"trials_per_arm": 4},
    "confirm": {"seeds": 1},
}


@dataclass
class Script:
    """A coordinator that does what it is told: one trial ended, one trains, one fails."""

    root: ExperimentFolder
    experiment: Experiment = field(default_factory=lambda: build_experiment(EXPERIMENT, "toy"))
    active: dict[PlannedRun, None] = field(default_factory=dict)
    standing: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(waits_for=None, stopping=None))

    def __post_init__(self) -> None:
        self.plan = all_runs(self.experiment)
        self.counts = RunCounts(self.plan)

    def run(self) -> Iterator[str]:
        done, failed, training = self.plan[0], self.plan[1], self.plan[7]
        self.counts.settle(done, "finished", 21.5)
        yield self.record("ended", done, status="finished")
        folder = begin(self.root.path, training.arm, training.name)
        evaluate(folder, 20)
        folder.write_state(replace(folder.read_state(), total_steps=40))
        folder.heartbeat.write_text("25")
        self.active[training] = None
        yield ""
        self.counts.settle(failed, "failed", None)
        yield self.record("ended", failed, status="failed")

    def record(self, event: str, run: PlannedRun, **facts: Any) -> str:
        with self.root.ledger.open("a") as ledger:
            ledger.write(json.dumps({"event": event, "run": f"{run.arm}/{run.name}"} | facts) + "\n")
        return f"{run.arm}/{run.name} {event}: status {facts['status']}"


class Mirror:
    def __init__(self) -> None:
        self.waiting = ["warning: wandb: there is no API key; going on offline"]

    def lines(self) -> Iterator[str]:
        while self.waiting:
            yield self.waiting.pop()


@pytest.fixture
def script(tmp_path: Path) -> Script:
    (tmp_path / "toy").mkdir()
    return Script(ExperimentFolder(tmp_path / "toy"))


def show(script: Script, output: str, *, is_terminal: bool = False) -> str:
    """What a console shows; lines are printed."""
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=200)
    watch(cast(Coordinator, script), console, chosen("--output", output, OUTPUTS), Mirror())
    return cast(io.StringIO, console.file).getvalue()


@pytest.mark.parametrize("output", ["plain", "live"])
def test_lines_where_it_is_piped(script: Script, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(script, output)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("]")[0] for line in lines] == ["[1/10", "[1/10", "[2/10"]
    assert "constant/tune-000 ended: status finished" in lines[0]
    assert lines[1].endswith("warning: wandb: there is no API key; going on offline")


def test_quiet_is_trouble_alone(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    show(script, "quiet")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "no API key" in lines[0]
    assert "cyclical/tune-000 ended: status failed" in lines[1]


def test_json_is_the_ledger_and_the_picture(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    show(script, "json")
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["event"] for entry in told] == ["ended", "progress", "warning", "ended", "progress"]
    assert told[0]["run"] == "constant/tune-000"
    last = told[-1]
    assert (last["settled"], last["planned"]) == (2, 10)
    assert last["best"] == {"constant": 21.5, "cyclical": None}
    (active,) = last["active"]
    assert active == {"run": "cyclical/tune-003", "step": 25, "total_steps": 40, "val/psnr": 16.0, "train/kl": 0.05}
    assert last["last_strip"].endswith("cyclical/tune-003/samples/step-000020.png")


def test_the_table_shows_slots_steps_best_and_the_last_strip(script: Script) -> None:
    shown = show(script, "live", is_terminal=True)
    for words in ("2/10 runs", "slot 1", "25/40", "psnr 16.00 dB", "21.50", "step-000020.png", "no API key"):
        assert words in shown


def test_the_time_left_follows_the_pace(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    # one of ten runs in 30 s: nine more take 270 s
    clock = [100.0]
    monkeypatch.setattr("sweeps.commands.live.time.monotonic", lambda: clock[0])
    progress = Progress(cast(Coordinator, script))
    assert progress.eta_s() is None
    script.counts.settle(script.plan[0], "finished", 20.0)
    clock[0] = 130.0
    assert progress.eta_s() == pytest.approx(270.0)
