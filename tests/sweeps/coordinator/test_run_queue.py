"""Which run is next."""

from sweeps.coordinator.run_queue import RunQueue
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from tests.sweeps.stepping_sweep import TOY


def test_runs_wait_for_their_arm_and_their_turn() -> None:
    values = TOY | {"arms": {"a": {}, "b": {}}, "tune": {"trials_per_arm": 2}, "confirm": {"seeds": 1}}
    experiment = build_experiment(values, "t")
    plan, queue = all_runs(experiment), RunQueue(experiment)
    for run in reversed(plan):
        queue.add(run)
    first = [queue.next(0.0) for _ in range(5)]
    assert first == [*plan[:4], None]  # confirm runs wait
    for run in (plan[0], plan[2]):
        queue.tuned(run)
    assert queue.next(0.0) == plan[4]  # arm a is tuned, arm b is not
    queue.add(plan[0], due=10.0)
    assert queue.next(9.0) is None
    assert queue.next(10.0) == plan[0]


def test_a_confirm_run_waits_for_its_own_tuning_and_its_block() -> None:
    values = TOY | {"tune": {"trials_per_arm": 4}, "confirm": {"seeds": 2, "replicates": 2}}
    experiment = build_experiment(values, "t")
    plan, queue = all_runs(experiment), RunQueue(experiment)
    queue.close_from(1)
    for run in plan:
        queue.add(run)
    assert [queue.next(0.0) for _ in range(3)] == [*plan[:2], None]
    for run in plan[:2]:
        queue.tuned(run)
    assert [queue.next(0.0), queue.next(0.0)] == [plan[2], None]
    assert queue.open(1) == plan[3:]
    queue.add(plan[3])
    assert queue.next(0.0) == plan[3]
