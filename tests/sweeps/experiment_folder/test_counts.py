"""Counts of settled runs are those of the runs."""

from sweeps.experiment.plan import PlannedRun
from sweeps.experiment_folder.counts import Cell, RunCounts

RUNS = [*(PlannedRun("a", "tune", k, k) for k in range(4)), PlannedRun("a", "confirm", 0, 1000)]


def test_a_cell_counts_settled_runs_and_means_over_those_with_a_value() -> None:
    counts = RunCounts(RUNS)
    for run, status, value in zip(RUNS, ("finished", "failed", "finished"), (20.0, None, 22.0), strict=False):
        counts.settle(run, status, value)
    tune = counts.cell("a", "tune")
    assert (tune.done, tune.valued, tune.mean, tune.best, tune.best_run) == ("3/4", 2, 21.0, 22.0, RUNS[2])
    assert counts.cell("a", "confirm").done == "0/1"
    assert counts.statuses == {("a", "finished"): 2, ("a", "failed"): 1}
    assert counts.settled == {RUNS[0]: "finished", RUNS[1]: "failed", RUNS[2]: "finished"}


def test_of_equals_the_first_is_the_best() -> None:
    counts = RunCounts(RUNS)
    for run in RUNS[:2]:
        counts.settle(run, "finished", 20.0)
    assert counts.cell("a", "tune").best_run == RUNS[0]


def test_what_is_not_planned_has_an_empty_cell() -> None:
    assert RunCounts(RUNS).cell("b", "tune") == Cell()


def test_what_nobody_asks_for_is_not_planned_any_more() -> None:
    counts = RunCounts(RUNS)
    counts.settle(RUNS[0], "finished", 20.0)
    for run in (RUNS[0], RUNS[4], RUNS[4]):  # what is settled stays; once is enough
        counts.spare(run)
    assert counts.n_planned == 4
    assert counts.spared == {RUNS[4]}
    assert (counts.cell("a", "tune").done, counts.cell("a", "confirm").done) == ("1/4", "0/0")
