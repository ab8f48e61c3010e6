"""Every run by name: blocks of trials and seeds, one after another."""

from collections import Counter

from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment.plan import all_runs, block_of, parse_run_name, tuning_of
from tests.sweeps.stepping_sweep import TOY


def build(trials: int, replicates: int, seeds: int) -> Experiment:
    changes = {"tune": {"trials_per_arm": trials}, "confirm": {"replicates": replicates, "seeds": seeds}}
    return build_experiment(TOY | {"arms": {"a": {}, "b": {}}} | changes, "t")


def test_a_tuning_and_its_confirmation_come_before_the_next_tuning() -> None:
    assert [run.path for run in all_runs(build(4, 2, 4))] == [
        "a/tune-000", "b/tune-000", "a/tune-002", "b/tune-002",
        "a/confirm-0-s1000", "b/confirm-0-s1000", "a/confirm-0-s1002", "b/confirm-0-s1002",
        "a/tune-001", "b/tune-001", "a/tune-003", "b/tune-003",
        "a/confirm-1-s1001", "b/confirm-1-s1001", "a/confirm-1-s1003", "b/confirm-1-s1003",
    ]  # fmt: skip


def test_tunings_share_no_trial_and_no_seed_and_need_no_run_more() -> None:
    experiment, once = build(24, 6, 12), build(24, 1, 12)
    runs = all_runs(experiment)
    assert len(runs) == len(all_runs(once)) == len({run.path for run in runs})
    assert {run.seed for run in runs} == {run.seed for run in all_runs(once)}
    by_tuning = {tuning: [run for run in runs if tuning_of(experiment, run) == tuning] for tuning in range(6)}
    for tuning, own in by_tuning.items():
        assert {run.number for run in own if run.phase == "tune"} == set(range(tuning, 24, 6))
        assert {run.seed for run in own if run.phase == "confirm"} == {1000 + tuning, 1006 + tuning}
        assert {run.number for run in own if run.phase == "confirm"} == {tuning}
        assert Counter((run.arm, run.phase) for run in own) == {
            ("a", "tune"): 4, ("b", "tune"): 4, ("a", "confirm"): 2, ("b", "confirm"): 2
        }  # fmt: skip
        assert {block_of(experiment, run) for run in own} == {tuning}
    assert all(parse_run_name(run.name)[:2] == (run.phase, run.number) for run in runs)


def test_without_replicates_a_block_is_a_seed() -> None:
    experiment = build(4, 1, 3)
    assert [block_of(experiment, run) for run in all_runs(experiment)] == [0] * 8 + [0, 0, 1, 1, 2, 2]
    assert {tuning_of(experiment, run) for run in all_runs(experiment)} == {0}
