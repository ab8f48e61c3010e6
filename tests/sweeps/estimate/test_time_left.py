"""The one estimate of the time left: its interval holds, and before a run has ended the pace tells."""

import random

import pytest

from cvae.record import RunState
from sweeps.estimate.time_left import estimate_time_left
from sweeps.experiment_folder.states import RunStanding


def test_the_interval_covers_what_comes() -> None:
    # 12 runs seen, 30 to come, of one distribution: the interval holds the truth about 19 times in 20
    generator, hits = random.Random(0), 0
    for _ in range(400):
        seen = [generator.gauss(100, 20) for _ in range(12)]
        left = estimate_time_left(seen, [], 30, 1)
        assert left is not None
        hits += left.low_s <= sum(generator.gauss(100, 20) for _ in range(30)) <= left.high_s
    assert 0.90 < hits / 400 < 0.99
    assert estimate_time_left([], [], 3, 1) is None
    two = estimate_time_left([100.0, 100.0], [], 30, 2)
    assert two is not None
    assert two.middle_s == pytest.approx(1500)


def run(status: str, *, step: int = 0, steps: int = 0, seconds: float | None = None) -> RunStanding:
    """A run of 100 updates, with a checkpoint at `step`."""
    return RunStanding(RunState(status, step=step, total_steps=100, seconds=seconds), max(step, steps))


def test_of_a_run_that_trains_only_what_is_left_counts() -> None:
    left = estimate_time_left([100.0, 100.0], [run("running", step=50, steps=75)], 3, 1)
    assert left is not None
    assert (left.middle_s, left.low_s, left.high_s) == pytest.approx((325.0, 325.0, 325.0))


def test_before_a_run_has_ended_the_pace_of_those_that_train_tells() -> None:
    # 20 s for 10 updates and 40 s for 20: a run takes 200 s
    training = [run("running", step=10, seconds=20.0), run("running", step=20, seconds=40.0)]
    left = estimate_time_left([], training, 2, 2)
    assert left is not None
    assert left.middle_s == pytest.approx((2 + 0.9 + 0.8) * 200 / 2)
    ended = estimate_time_left([100.0], training, 2, 2)
    assert ended is not None
    assert ended.middle_s == pytest.approx((2 + 0.9 + 0.8) * 100 / 2)  # one that has ended tells better


@pytest.mark.parametrize("standing", [run("pending"), run("running", step=9, seconds=18.0), run("running", steps=50)])
def test_what_has_hardly_begun_tells_nothing(standing: RunStanding) -> None:
    assert estimate_time_left([], [standing], 3, 1) is None


def test_one_run_tells_little_and_the_interval_says_so() -> None:
    left = estimate_time_left([100.0], [], 4, 1)
    assert left is not None
    assert (left.low_s, left.middle_s) == (0.0, 400.0)
    assert left.high_s == pytest.approx(400.0 + 2 * 50 * (4 + 16) ** 0.5)


def test_when_nothing_is_left_it_takes_no_time() -> None:
    left = estimate_time_left([100.0], [], 0, 3)
    assert left is not None
    assert (left.low_s, left.middle_s, left.high_s) == (0.0, 0.0, 0.0)
