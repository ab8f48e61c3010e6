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

from cvae.files import held
from cvae.record import RunState
from sweeps.commands.live import Progress
from sweeps.commands.options import OUTPUTS, parse_word
from sweeps.commands.output import watch
from sweeps.commands.status import SweepStatus
from sweeps.coordinator.coordinator import Coordinator
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment.plan import PlannedRun, all_runs
from sweeps.experiment_folder.counts import RunCounts
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.workers.slots import Slots
from tests.sweeps.made_runs import begin, end, evaluate, line_of

EXPERIMENT = {
    "name": "toy",
    "arms": {"constant": {}, "cyclical": {"kl_anneal": {"mode": "cyclical"}}},
    "search": {"optim.lr": {"float": [1e-4, 1e-2], "log": True}},
    "tune": {"trials_per_arm": 4},
    "confirm": {"seeds": 1},
}


#: An attempt whose worker is at work, and one that an engine has not started.
AT_WORK, QUEUED = SimpleNamespace(is_queued=False), SimpleNamespace(is_queued=True)


@dataclass
class Script:
    """A coordinator that does what it is told: one trial ended, one trains, one fails."""

    root: ExperimentFolder
    experiment: Experiment = field(default_factory=lambda: build_experiment(EXPERIMENT, "toy"))
    active: dict[PlannedRun, SimpleNamespace] = field(default_factory=dict)
    slots: Slots = field(default_factory=lambda: Slots({"cpu": 1}))
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
        self.active[training] = AT_WORK
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
    watch(cast(Coordinator, script), console, parse_word("--output", output, OUTPUTS), [Mirror()])
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
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["event"] for entry in entries] == ["ended", "progress", "warning", "ended", "progress"]
    assert entries[0]["run"] == "constant/tune-000"
    last = entries[-1]
    assert (last["settled"], last["planned"]) == (2, 10)
    assert last["best"] == {"constant": 21.5, "cyclical": None}
    (active,) = last["active"]
    assert active == {"run": "cyclical/tune-003", "step": 25, "total_steps": 40, "val/psnr": 16.0, "train/kl": 0.05}
    assert last["last_strip"].endswith("cyclical/tune-003/samples/step-000020.png")


def test_the_table_shows_slots_steps_best_and_the_last_strip(script: Script) -> None:
    shown = show(script, "live", is_terminal=True)
    for words in ("2/10 runs", "slot 1", "25/40", "psnr 16.00 dB", "21.50", "step-000020.png", "no API key"):
        assert words in shown


def test_of_what_an_engine_has_not_started_the_table_says_how_many_alone(script: Script) -> None:
    for run in script.plan[8:]:
        script.active[run] = QUEUED
    shown = show(script, "live", is_terminal=True)
    assert f"{len(script.plan) - 8} queued" in shown
    assert "slot 2" not in shown


def test_the_table_shows_the_metric_that_decides(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    values = EXPERIMENT | {"metric": {"name": "val/energy_db"}, "base": {"evaluation": {"energy_samples": 2}}}
    script = Script(ExperimentFolder(tmp_path / "toy"), build_experiment(values, "toy"))
    training = script.plan[7]
    folder = begin(script.root.path, training.arm, training.name)
    folder.append_epoch(line_of(20) | {"val/energy_db": 17.25})
    script.active[training] = AT_WORK
    progress = Progress(cast(Coordinator, script))
    assert progress.facts()["active"][0]["val/energy_db"] == 17.25
    console = Console(file=io.StringIO(), width=200)
    console.print(progress.table())
    assert "energy score 17.25 dB" in cast(io.StringIO, console.file).getvalue()


def test_the_time_left_is_that_of_the_runs_that_have_ended(script: Script) -> None:
    # one of ten runs took 30 s: nine more take 270 s in one slot, and less what the one that trains has behind it
    progress = Progress(cast(Coordinator, script))
    assert progress.eta_s() is None
    script.counts.settle(script.plan[0], "finished", 20.0)
    script.counts.durations_s.append(30.0)
    assert progress.eta_s() == pytest.approx(270.0)
    assert progress.numbered("a/tune-000 ended").endswith("(about 4 min 30 s left)")
    folder = begin(script.root.path, script.plan[7].arm, script.plan[7].name)
    folder.write_state(RunState("running", attempt=1, step=10, total_steps=40))
    script.active[script.plan[7]] = AT_WORK
    folder.heartbeat.write_text("20")
    with held(folder.lock):
        assert progress.eta_s() == pytest.approx((8 + 0.5) * 30.0)
    script.slots = Slots({"cpu": 2})
    assert progress.eta_s() == pytest.approx((8 + 0.5) * 15.0)


def test_before_a_run_has_ended_the_pace_of_those_that_train_tells(script: Script) -> None:
    # a quarter in 10 s: a run takes 40 s, and ten are left but for that quarter
    folder = begin(script.root.path, script.plan[7].arm, script.plan[7].name)
    script.active[script.plan[7]] = AT_WORK
    folder.write_state(RunState("running", attempt=1, step=2, total_steps=40, seconds=2.0))
    progress = Progress(cast(Coordinator, script))
    with held(folder.lock):
        assert progress.eta_s() is None  # too little to tell
        folder.write_state(RunState("running", attempt=1, step=10, total_steps=40, seconds=10.0))
        assert progress.eta_s() == pytest.approx(9.75 * 40.0)


def test_every_screen_says_the_same_time(script: Script) -> None:
    # table, lines, JSON and --status, of one folder at one moment
    lay_out(script.experiment, script.root)
    Ledger(script.root.ledger).append("ended", script.plan[0].path, status="finished", wall_s=100.0)
    done = begin(script.root.path, script.plan[0].arm, script.plan[0].name)
    end(done)
    script.counts.settle(script.plan[0], "finished", 20.0)
    script.counts.durations_s.append(100.0)
    progress = Progress(cast(Coordinator, script))
    printed = io.StringIO()
    Console(width=200, file=printed).print(progress.table())
    assert "about 15 min 0 s left" in printed.getvalue()
    assert progress.facts()["eta_s"] == 900
    assert "about 15 min 0 s left" in progress.numbered("constant/tune-000 ended")
    assert "about 15 min 0 s left at 1 slots" in SweepStatus(script.experiment, script.root).headline()
