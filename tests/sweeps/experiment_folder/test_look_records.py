"""What the ledger says of looks: how pairs stood, and which runs nobody asks for any more."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.decision.pairs import PairState
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.look_records import LookRecord, describe_look, read_looks, spared_runs
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.experiment_folder.states import runs_left
from tests.sweeps.stepping_sweep import TOY

BETTER = PairState("b", "a", 7, 0.31, (0.05, 0.57), "above", 1.0, (0, 0), asks=False)
OPEN = PairState("c", "a", 7, 0.1, (-0.2, 0.4), "undecided", 0.4, (1, 0), asks=True)
FUTILE = PairState("c", "b", 7, 0.0, (-0.2, 0.2), "undecided", 0.03, (0, 0), asks=False)
LOOK = LookRecord(7, 20, (BETTER, OPEN, FUTILE))


def build(**confirm: Any) -> Experiment:
    arms = {arm: {} for arm in "abc"}
    values = {"arms": arms, "search": {}, "tune": None, "confirm": {"seeds": 20, "stop": "sure"} | confirm}
    return build_experiment(TOY | values, "t")


def test_a_look_is_read_as_it_was_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("started")
    ledger.append("look", **LOOK.facts)
    ledger.append("look", blocks="seven")  # not ours
    assert list(read_looks(ledger.read())) == [LOOK]
    assert LOOK.asking == {"a", "c"}
    assert not LOOK.is_last
    assert replace(LOOK, pairs=(BETTER, FUTILE)).is_last


def test_how_the_pairs_stood_is_said() -> None:
    assert describe_look(LOOK, build()) == (
        "b - a: better at 7 of 20 seeds; c - a: open at 7 of 20 seeds (c broke down at 1); "
        "c - b: less than one chance in ten of a word by 20 seeds"
    )
    at_end = replace(LOOK, blocks=20, pairs=(replace(FUTILE, n=20),))
    assert describe_look(at_end, build()) == "c - b: undecided after 20 of 20 seeds"
    worse = build(seeds=20).model_copy(update={"metric": build().metric.model_copy(update={"direction": "minimize"})})
    assert describe_look(replace(LOOK, pairs=(BETTER,)), worse) == "b - a: worse at 7 of 20 seeds"


def test_what_the_last_look_spared_is_not_left(tmp_path: Path) -> None:
    root, experiment = ExperimentFolder(tmp_path / "toy"), build()
    root.path.mkdir()
    assert len(runs_left(experiment, root)) == 60
    Ledger(root.ledger).append("look", **LOOK.facts)
    (root.path / "b" / "confirm-0-s1007").mkdir(parents=True)  # begun before the look
    spared = spared_runs(experiment, root, read_looks(Ledger(root.ledger).read()))
    assert {run.path for run in spared} == {f"b/confirm-0-s{1000 + i}" for i in range(8, 20)}
    assert len(runs_left(experiment, root)) == 60 - 12
    assert len(runs_left(build(seeds=22), root)) == 66  # raised after the look: everything is asked for again
