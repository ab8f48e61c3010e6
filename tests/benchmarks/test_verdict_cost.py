"""What an answer costs is counted as the coordinator spends it, and beside it how often the answer is wrong."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.instruments.finished_sweep import measure_sweep, sweep_table
from benchmarks.instruments.tuned_studies import EPOCHS, Design, Outcome, ask, epochs_of
from benchmarks.verdict_cost import DESIGNS, FIXED, measure, trained_blocks, trainings_of
from cvae.errors import InputError
from tests.sweeps.stepping_sweep import Sweep

SURE = Design("sure", 24, 20, is_sure=True)
TUNINGS = Design("tunings", 24, 12, is_sure=True, tunings=12)


def test_a_fixed_design_costs_all_that_was_planned() -> None:
    cost = measure(FIXED, 5)
    assert cost.trainings == 2 * (24 + 20)
    assert cost.wall == (44, 11)


@pytest.mark.parametrize(("slots", "begun"), [(2, 7), (8, 8), (40, 20)])
def test_what_runs_beside_the_last_block_is_paid_too(slots: int, begun: int) -> None:
    # 7 blocks of two runs until the word: with 8 slots 4 at a time, with 40 all of them
    assert trained_blocks(SURE, 7, slots) == begun
    assert trainings_of(SURE, Outcome("better", 48.0, 7, 0.0), slots) == 48 + 2 * begun


def test_a_tuning_that_is_spared_is_not_paid() -> None:
    # a block is two trials and one seed in each of two arms
    assert trainings_of(TUNINGS, Outcome("better", 48.0, 6, 0.0), 2) == 6 * 2 * (2 + 1)


def test_stopping_when_sure_saves_trainings_and_still_finds() -> None:
    fixed, sure = (measure(design, 100) for design in (FIXED, SURE))
    assert sure.trainings < 0.8 * fixed.trainings
    assert sure.found > fixed.found - 0.1


def test_several_tunings_are_wrong_as_rarely_as_they_say() -> None:
    # one tuning tells equal arms apart by what it happened to choose
    one, several = (measure(design, 200) for design in (SURE, TUNINGS))
    assert one.wrong_of_own > 0.4
    assert several.wrong_of_own < 0.12


@pytest.mark.parametrize("pruner", ["median", "asha"])
def test_a_pruner_ends_the_worse_trials(pruner: str) -> None:
    finals = np.linspace(0, 2, 12)[np.random.default_rng(0).permutation(12)]
    curves = finals[:, None] - 3 * 0.5 ** (8 * np.arange(1, EPOCHS + 1) / EPOCHS)
    epochs = np.array(epochs_of(curves, pruner))
    assert epochs[finals.argmax()] == EPOCHS
    assert epochs.sum() < 0.9 * 12 * EPOCHS
    assert finals[epochs == EPOCHS].mean() > finals[epochs < EPOCHS].mean()


def test_no_word_is_of_arms_that_do_not_differ_but_by_chance() -> None:
    # with one trial and nothing of their own there is nothing to choose: the rule's own rate is left
    words = [ask(np.random.default_rng(i), Design("none", 1, 20, is_sure=True), 0.0, 0.0).word for i in range(300)]
    assert sum(word != "neither" for word in words) / 300 < 0.09


def test_designs_are_named_once() -> None:
    assert len({design.name for design in DESIGNS}) == len(DESIGNS)


def test_a_finished_sweeps_cost_is_what_its_ledger_says(tmp_path: Path) -> None:
    change = {"arms": {"a": {}, "b": {}}, "tune": {"trials_per_arm": 2}, "confirm": {"seeds": 3}}
    sweep = Sweep(tmp_path, change=change)
    sweep.run()
    cost = measure_sweep(sweep.root.path)
    assert (cost.arms, cost.planned, cost.tuned, cost.confirmed, cost.slots) == (2, 10, 4, 6, 2)
    *_, of_plan, of_fixed = sweep_table(sweep.root.path, 24, 20)
    assert "| 100% |" in of_plan
    assert "| 11% |" in of_fixed  # 10 of 88


def test_a_folder_without_a_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no ledger.jsonl; name the folder of a finished sweep"):
        measure_sweep(tmp_path)
