"""The course report's two runs as configurations: its sequences over 1000 epochs of 600 updates, counted by hand."""

from typing import Any

import pytest

from cvae.config.schema import Config, build_config

EPOCHS, UPDATES = 1000, 600


def report(kl_anneal: dict[str, Any]) -> Config:
    return build_config(
        {
            "beta": 1.0,
            "kl_anneal": kl_anneal,
            "teacher_forcing": {"mode": "linear", "decay_start": 0.1, "decay_end": 1.0, "floor": 0.1, "coin": "batch"},
            "train": {"steps": EPOCHS * UPDATES, "steps_per_epoch": UPDATES, "stepping": "epoch"},
        },
        "report",
    )


def per_epoch(config: Config, schedule: Any) -> list[float]:
    """The schedule's value in every epoch, once it is sure that the epoch's first and last update agree."""
    values = [schedule(config.train.progress(e * UPDATES)) for e in range(EPOCHS)]
    assert values == [schedule(config.train.progress(e * UPDATES + UPDATES - 1)) for e in range(EPOCHS)]
    return values


def test_a_cycle_of_100_epochs_restarts_every_100_and_arrives_after_50() -> None:
    # as the report's text has it: ratio 0.02 an epoch, cycle 100: 0, .02, .04, ... .98, 1, 1, ... 1 and again
    config = report({"mode": "cyclical", "n_cycles": 10, "ramp": 0.5})
    weights = per_epoch(config, config.kl_anneal)
    assert weights == pytest.approx([min(0.02 * (epoch % 100), 1.0) for epoch in range(EPOCHS)], abs=1e-12)
    assert [epoch for epoch, weight in enumerate(weights) if weight == 0] == list(range(0, 1000, 100))
    assert [weights[50], weights[99], weights[150]] == [1.0, 1.0, 1.0]


def test_monotonic_rises_by_two_thousandths_an_epoch() -> None:
    config = report({"mode": "monotonic", "ramp": 0.5})
    weights = per_epoch(config, config.kl_anneal)
    assert weights == pytest.approx([min(0.002 * epoch, 1.0) for epoch in range(EPOCHS)], abs=1e-12)
    assert [weights[1], weights[499], weights[500]] == pytest.approx([0.002, 0.998, 1.0])


def test_teacher_forcing_falls_by_a_thousandth_an_epoch_from_epoch_100() -> None:
    config = report({"mode": "constant"})
    ratios = per_epoch(config, config.teacher_forcing)
    assert ratios == pytest.approx([1 - 0.001 * max(epoch - 100, 0) for epoch in range(EPOCHS)], abs=1e-12)
    assert [ratios[0], ratios[100], ratios[101], ratios[999]] == pytest.approx([1.0, 1.0, 0.999, 0.101])
