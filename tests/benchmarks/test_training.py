"""Training steps are measured in processes of their own, beside named baselines and beside what limits them."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks.instruments.svg import SVGS_ORDER
from benchmarks.training import memory, ways
from benchmarks.training.apart import TIMED_PRODUCTS, steps_apart
from benchmarks.training.steps import OURS, Made, Steps, Work
from benchmarks.training.ways import Way
from cvae.model.convolution import winograd

#: Stands for a trainer whose step would be four TFLOP by direct convolutions, which are not what is computed.
NO_TRAINER = SimpleNamespace(work=SimpleNamespace(expected_flops=lambda ratio: 4e12))
#: What a step of each maker takes; in memory that is given back, in float32, and in bf16.
SECONDS = {"SVG's order, float32": 3.0, "the lab's order, float32": 4.0, "batched, freed memory given back": 1.5} | {
    "SVG's order, float32, freed memory kept": 2.5
}
OWN_SECONDS = {"fp32": 2.0, "bf16": 1.0}


class NoSteps:
    """Stands for a process that makes steps of a TFLOP: four fifths of each are products."""

    def __init__(self, work: Work) -> None:
        self.work, self.losses = work, [1.0]

    def seconds(self) -> float:
        return SECONDS.get(str(self.work)) or OWN_SECONDS[self.work.precision]

    def step(self, ask: str = "") -> Made:
        is_timed = ask == TIMED_PRODUCTS
        peak = (1 if self.work.maker == OURS else 4) << 30
        return Made(self.seconds(), 1.0, peak, 0.8 * self.seconds() * is_timed, 1e12 * is_timed)


@pytest.fixture
def no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no model built and no step made: only what is said of the times is looked at."""
    for module in (ways, memory):
        monkeypatch.setattr(module, "steps_apart", lambda cache, work: nullcontext(NoSteps(work)))
    monkeypatch.setattr(ways, "new_trainer", lambda cache, work: NO_TRAINER)
    rates = iter([1e12, 2e12, 0.5e12, 2.5e12])
    monkeypatch.setattr(ways, "best_rate", lambda trainer: next(rates))


@pytest.mark.usefixtures("no_steps")
def test_a_step_is_beside_each_baseline_by_its_name_and_what_limits_it(tmp_path: Path) -> None:
    rows = list(ways.rows_of(tmp_path, Way("batch", 1.0), 2))
    assert [(row.baseline, row.ours, row.ratio) for row in rows] == [
        ("SVG's order, float32: 3.00 s", "batched: 2.00 s", 1.5),
        ("the lab's order, float32: 4.00 s", "batched: 2.00 s", 2.0),
        ("SVG's order, float32: 3.00 s", "at the best rate: 1.00 s", 3.0),  # a TFLOP at the better of 1 and 0.5 TFLOP/s
        ("SVG's order, float32: 3.00 s", "nothing else: 1.60 s", pytest.approx(1.875)),
        ("SVG's order, float32: 3.00 s", "batched: 1.00 s", 3.0),
        ("the lab's order, float32: 4.00 s", "batched: 1.00 s", 4.0),
        ("SVG's order, float32: 3.00 s", "at the best rate: 400.00 ms", 7.5),
        ("SVG's order, float32: 3.00 s", "nothing else: 800.00 ms", pytest.approx(3.75)),
    ]
    assert ["wanted: at least" in row.note for row in rows] == [i in (0, 4) for i in range(len(rows))]
    floor, products = rows[-2:]
    assert floor.note == "1.00 TFLOP; the best product or convolution reaches 2500 GFLOP/s, the step 1000, 40% of that"
    assert products.note == "convolutions and matrix products are 80% of a step"


@pytest.mark.usefixtures("no_steps")
def test_what_was_set_out_for_is_of_the_labs_norm(tmp_path: Path) -> None:
    rows = ways.rows_of(tmp_path, Way("group", 1.0), 2)
    assert not any("wanted" in row.note for row in rows)


@pytest.mark.usefixtures("no_steps")
def test_what_memory_gives_is_told_of_both_sides(tmp_path: Path) -> None:
    rows = list(ways.rows_of(tmp_path, Way("batch", 1.0, ("bf16",), (SVGS_ORDER,), tells_memory=True), 2))
    assert [(row.baseline, row.ours, row.ratio) for row in rows] == [
        ("SVG's order, float32, freed memory kept: 2.50 s", "batched: 1.00 s", 2.5),
        ("batched, freed memory given back: 1.50 s", "batched: 1.00 s", 1.5),
    ]


def test_every_target_is_measured_with_the_labs_norm() -> None:
    measured = {
        (way.ratio, precision)
        for way in ways.WAYS
        if way.norm == "batch" and not way.tells_memory
        for precision in way.precisions
    }
    assert set(ways.WANTED) <= measured
    assert {way.norm for way in ways.WAYS} == {"batch", "group"}
    assert all(way.orders[0] == SVGS_ORDER for way in ways.WAYS)
    assert any(way.tells_memory for way in ways.WAYS)
    assert sum(way.most_s for way in ways.WAYS) <= 450  # of the half hour that all benchmarks have


@pytest.mark.usefixtures("no_steps")
def test_memory_is_beside_its_baseline_by_its_name() -> None:
    rows = list(memory.memory_rows())
    assert len(rows) == 4
    assert {row.baseline for row in rows} == {"SVG's order, float32: 4.00 GiB"}
    assert {row.ours for row in rows} == {"batched: 1.00 GiB"}
    assert {row.ratio for row in rows} == {4.0}


@pytest.mark.slow
def test_a_process_of_its_own_makes_the_same_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(torch.get_num_threads()))  # sums are rounded by their parts
    work = Work(OURS, "batch", 1.0, "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32", keeps_memory=True)
    here = Steps(tmp_path, replace(work, keeps_memory=False))
    with steps_apart(tmp_path, work) as apart:
        made = [apart.step(), apart.step(TIMED_PRODUCTS)]
    assert apart.losses == [here().loss, here().loss]
    assert [0.5 * one.seconds < one.products_s < one.seconds for one in made] == [False, True]


@pytest.mark.slow
def test_a_steps_products_are_those_that_are_counted_of_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # but for an LSTM's, which are not counted, and for wide convolutions, whose products are four ninths as many
    monkeypatch.setattr(winograd, "is_measured_kind", lambda: True)
    steps = Steps(tmp_path, Work(OURS, "group", 1.0))
    expected = steps.trainer.work.expected_flops(1.0)
    assert 0.6 * expected < steps(times_products=True).flops < 0.8 * expected
    monkeypatch.setattr(winograd, "is_measured_kind", lambda: False)
    assert 0.99 * expected < steps(times_products=True).flops < expected


def test_a_process_that_died_between_its_steps_is_named(tmp_path: Path) -> None:
    # as one that the system ended for memory, while another made its step
    with steps_apart(tmp_path, Work(OURS, "batch", 1.0, device="none")) as steps:
        steps._process.wait()
        with pytest.raises(RuntimeError, match="the process of batched ended with status 1"):
            steps.step()


def test_a_process_that_dies_is_named(tmp_path: Path) -> None:
    with (
        steps_apart(tmp_path, Work(OURS, "batch", 1.0, device="none")) as steps,
        pytest.raises(RuntimeError, match="the process of batched ended with status 1"),
    ):
        steps.step()
