"""Which runs are ended early, and that schedules are not what decides it."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.pruners import HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState, create_trial

from benchmarks.instruments.stepping import SteppingWorker
from cvae.config.overrides import merge
from cvae.config.schema import Config, build_config
from cvae.errors import InputError
from sweeps.experiment.experiment import build_experiment
from sweeps.study.pruners import BracketPruner, RungPruner, RunningMedianPruner, is_same_cycle, may_be_judged
from sweeps.study.trial_storage import TrialStorage, is_behind
from tests.sweeps.stepping_sweep import TOY, Sweep

STEPS = 40
CYCLES = 4


def config(**changes: Any) -> Config:
    return build_config({"train": {"steps": STEPS}, "evaluation": {"every": 2}} | changes, "t")


def judged(c: Config) -> list[int]:
    return [step for step in range(2, STEPS + 1, 2) if may_be_judged(c, step)]


CYCLICAL = {"mode": "cyclical", "n_cycles": CYCLES, "ramp": 0.5}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, list(range(2, STEPS, 2))),  # nothing restarts: at every evaluation but the last
        ({"kl_anneal": CYCLICAL}, [10, 20, 30]),  # at the ends of cycles of 10 updates
        ({"optim": {"schedule": {"mode": "cyclic", "n_cycles": 2}}}, [20]),
        ({"kl_anneal": CYCLICAL, "optim": {"schedule": {"mode": "cyclic", "n_cycles": 2}}}, [20]),
        ({"kl_anneal": CYCLICAL | {"n_cycles": 1}}, list(range(2, STEPS, 2))),
        # cycles of 5 updates, evaluations every 2: 6 lies one update behind a restart, 4 four updates
        ({"kl_anneal": CYCLICAL | {"n_cycles": 8}}, [4, 10, 14, 20, 24, 30, 34]),
    ],
)
def test_a_run_is_judged_at_the_end_of_its_cycles(changes: dict[str, Any], expected: list[int]) -> None:
    assert judged(config(**changes)) == expected


def test_no_cycle_is_crossed() -> None:
    c = config(kl_anneal=CYCLICAL)
    assert is_same_cycle(c, 12, 20)
    assert not is_same_cycle(c, 10, 12)


def pruning(path: Path, pruner: str, options: dict[str, Any], score: Any, arms: dict[str, Any], trials: int) -> Sweep:
    tune = {"trials_per_arm": trials, "pruner": pruner, "pruner_options": options}
    base = merge(TOY["base"], {"train": {"steps": STEPS}, "evaluation": {"every": 2}})
    change = {"tune": tune, "confirm": {"seeds": 1}, "base": base, "arms": arms}
    return Sweep(path, slots=1, change=change, score=score)


def dipping(params: Any, seed: int, step: int) -> float:
    """A curve that rises, and falls by 10 dB after each restart until its cycle's last evaluation but one."""
    rise = 10.0 + 0.2 * step + 0.001 * seed
    in_dip = seed >= 6 and step > 10 and (step - 1) % 10 < 7
    return rise - 10.0 if in_dip else rise


PRUNERS: list[tuple[str, dict[str, Any]]] = [
    ("median", {"n_startup_trials": 3}),
    ("asha", {"min_evaluations": 2}),
    ("hyperband", {"min_evaluations": 2}),
    ("patient", {"patience": 1}),
    ("patient", {"patience": 1, "then": "median"}),
]


@pytest.mark.parametrize(("pruner", "options"), PRUNERS)
def test_a_run_that_only_dips_at_restarts_is_never_pruned_for_the_dip(
    pruner: str, options: dict[str, Any], tmp_path: Path
) -> None:
    # Trials 6 and 7 are, between restarts, the best there are: they dip by 10 dB after each restart and recover.
    sweep = pruning(tmp_path, pruner, options, dipping, {"a": {"kl_anneal": CYCLICAL}}, 8)
    sweep.run()
    assert sweep.state("tune-006").status == "finished"
    assert sweep.state("tune-007").status == "finished"


@pytest.mark.parametrize(("pruner", "options"), PRUNERS[:2])
def test_without_the_law_the_dip_would_have_been_pruned(
    pruner: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the same curves, judged at every evaluation by the values themselves: the test above can fail
    monkeypatch.setattr("sweeps.study.trials.may_be_judged", lambda config, step: step < STEPS)
    monkeypatch.setattr(
        "sweeps.study.trials.max",
        lambda *values: list(values[-1:] if len(values) > 1 else values[0])[-1],
        raising=False,
    )
    sweep = pruning(tmp_path, pruner, options, dipping, {"a": {"kl_anneal": CYCLICAL}}, 8)
    sweep.run()
    assert "pruned" in (sweep.state("tune-006").status, sweep.state("tune-007").status)


@pytest.mark.parametrize("n_startup", [0, 10])
@pytest.mark.parametrize("n_warmup", [0, 2])
def test_the_running_median_decides_as_optunas(n_startup: int, n_warmup: int) -> None:
    rng = np.random.default_rng(n_startup + 10 * n_warmup)
    study = optuna.create_study(direction="maximize")
    optunas, ours = MedianPruner(n_startup, n_warmup), RunningMedianPruner(n_startup, n_warmup)
    decisions = []

    def random_curve(n_steps: int) -> dict[int, float]:
        best = 0.0
        return {step: (best := best + float(rng.integers(0, 3))) for step in range(n_steps)}

    for n_steps in rng.integers(0, 7, 40).tolist():  # some, as a diverged run's, end before the others
        for last in range(7):
            trial = create_trial(state=TrialState.RUNNING, intermediate_values=random_curve(last))
            decisions.append(optunas.prune(study, trial))
            assert ours.prune(study, trial) == decisions[-1]
        curve = random_curve(n_steps)
        study.add_trial(create_trial(value=0.0, intermediate_values=curve))
        ours.note(curve)
    assert 0.1 < np.mean(decisions) < 0.9


def make_rungs(last: int | None, factor: int) -> RungPruner:
    return RungPruner(1, factor) if last is None else BracketPruner(1, last, factor)


@pytest.mark.parametrize("last", [None, 27])  # successive halving alone, and brackets of it
@pytest.mark.parametrize("factor", [2, 3])
def test_the_rungs_decide_and_store_as_optunas(last: int | None, factor: int) -> None:
    theirs = SuccessiveHalvingPruner(1, factor) if last is None else HyperbandPruner(1, last, factor)
    ours = make_rungs(last, factor)
    rng, decisions = np.random.default_rng(factor), []
    one, other = (
        optuna.create_study(study_name="s", direction="maximize", pruner=pruner, storage=InMemoryStorage())
        for pruner in (theirs, ours)
    )
    for _ in range(120):
        trials, best = [study.ask() for study in (one, other)], 0.0
        for step in range(1, 28):
            best += float(rng.integers(0, 3))
            for trial in trials:
                trial.report(best, step)
            decisions.append(trials[0].should_prune())
            numbers = TrialStorage(other, other._storage)
            frozen = numbers.read(trials[1].number)
            stored = partial(numbers.add_system_attributes, frozen.number)
            assert is_behind(other, frozen, stored) == decisions[-1]
            if decisions[-1]:
                break
        for study, trial in zip((one, other), trials, strict=True):
            study.tell(trial, best)
    assert [t.system_attrs for t in one.trials] == [t.system_attrs for t in other.trials]
    assert any(decisions)
    # one that begins again with what is stored goes on as the one that went through it all
    again = make_rungs(last, factor)
    for trial in other.trials:
        again.note(other, trial, trial.system_attrs)
    for value in np.linspace(0, 27, 40):
        frozen = create_trial(state=TrialState.RUNNING, intermediate_values={1: float(value)})
        assert again.judge(other, frozen) == ours.judge(other, frozen)


# By counting: for no value that is reported does the coordinator look through the trials, by whatever pruner.
@pytest.mark.parametrize("pruner", ["median", "asha", "hyperband"])
def test_a_value_costs_no_look_through_the_trials(pruner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    whole = optuna.Study.get_trials
    monkeypatch.setattr(optuna.Study, "get_trials", lambda *a, **k: looks.append(1) or whole(*a, **k))
    sweep = pruning(tmp_path, pruner, {}, hopeless, {"a": {}}, 12)
    sweep.run()
    assert sum(status == "pruned" for status in sweep.coordinator.counts.settled.values()) > 0
    assert len(looks) <= 2


def hopeless(params: Any, seed: int, step: int) -> float:
    return 10.0 + 0.1 * step - (8.0 if seed >= 6 else 0.01 * seed) - (0.3 * step if seed == 7 else 0)


@pytest.mark.parametrize(("pruner", "options"), PRUNERS)
def test_a_hopeless_run_is_pruned_and_keeps_its_record(pruner: str, options: dict[str, Any], tmp_path: Path) -> None:
    before = SteppingWorker.evaluations
    sweep = pruning(tmp_path, pruner, options, hopeless, {"a": {}}, 8)
    sweep.run()
    assert SteppingWorker.evaluations - before < 9 * STEPS / 2
    state = sweep.state("tune-007")
    assert state.status == "pruned"
    assert sweep.told()[7][0] == "PRUNED"
    folder = sweep.root.path / "a" / "tune-007"
    assert len((folder / "epochs.jsonl").read_text().splitlines()) == state.step / 2
    assert not (folder / "checkpoint.pt").exists()
    assert "pruned" in sweep.seen()
    again = Sweep(tmp_path, slots=1, change=sweep.experiment.written())
    assert len(again.told()) == 8


def test_nothing_is_pruned_unless_asked_for(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1, score=hopeless, change={"tune": {"trials_per_arm": 8}})
    sweep.run()
    assert set(sweep.coordinator.counts.settled.values()) == {"finished"}


@pytest.mark.parametrize("key", ["train.steps", "evaluation.every"])
def test_steps_that_do_not_compare_are_refused(key: str) -> None:
    tune = {"trials_per_arm": 2, "pruner": "median"}
    with pytest.raises(InputError, match=f"{key} is searched"):
        build_experiment(TOY | {"search": {key: {"int": [2, 8]}}, "tune": tune}, "t")


@pytest.mark.parametrize(
    ("tune", "words"),
    [
        ({"sampler": "tpe", "sampler_options": {"startup": 3}}, "sampler tpe knows no option 'startup'"),
        ({"sampler": "qmc", "sampler_options": {"points": 3}}, "its options: none"),
        ({"sampler": "cmaes", "sampler_options": {"popsize": 1}}, "option popsize is 1"),
        ({"pruner": "asha", "pruner_options": {"reduction_factor": 1}}, "option reduction_factor is 1"),
        ({"pruner": "medain"}, "'none', 'median', 'asha', 'hyperband' or 'patient'"),
        ({"sampler": "grid", "sampler_options": {"points": 3}}, "the grid of arm a has 3 points"),
    ],
)
def test_options_are_checked_at_the_door(tune: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        build_experiment(TOY | {"tune": {"trials_per_arm": 4} | tune}, "t")
