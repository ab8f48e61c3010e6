"""How a run reads in a browser."""

from pathlib import Path
from typing import Any

import pytest

from cvae.record import RunError, RunIdentity, RunState, parse_record
from sweeps.tracking.wandb_schema import caption_of, config_of, row_of, run_name, short_params, summary_of, tags_of
from tests.sweeps.made_runs import begin, evaluate, line_of


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({}, "cyclical · s3"),
        ({"optim.lr": 0.0012345}, "cyclical · lr 1.2e-3 · s3"),
        ({"optim.lr": 0.25, "n": 4, "kl_anneal": "linear"}, "cyclical · lr 0.25 · n 4 · kl_anneal linear · s3"),
        ({"a.x": 1, "b.x": 2}, "cyclical · a x 1 · b x 2 · s3"),
        ({"a": 1, "b": 0.0, "c": 3, "d": 4, "e": 5}, "cyclical · a 1 · b 0 · c 3 · +2 · s3"),
    ],
)
def test_a_name_that_a_person_can_read(params: dict[str, Any], name: str) -> None:
    assert run_name(RunIdentity("toy", "cyclical", "tune", 3, 3, params=params)) == name


def test_short_names_stay_apart() -> None:
    # whatever the parameters are called, none is lost
    params = {"a.b": 1, "b": 2, "c.a.b": 3, "lr": 4}
    assert sorted(short_params(params).values()) == [1, 2, 3, 4]
    assert len(short_params(params)) == 4


@pytest.mark.parametrize(
    ("state", "tags"),
    [
        ({"status": "finished", "flags": {"diverged": False, "collapsed": True}}, ["finished", "collapsed"]),
        ({"status": "finished", "flags": {"diverged": True, "collapsed": False}}, ["finished", "diverged"]),
        ({"status": "diverged"}, ["diverged"]),
        ({"status": "pruned"}, ["pruned"]),
        ({"status": "finished", "final": {"train/kl": 0.001}}, ["finished", "collapsed"]),
        ({"status": "finished", "final": {"train/kl": 0.5}}, ["finished"]),
    ],
)
def test_tags_say_how_it_ended(state: dict[str, Any], tags: list[str]) -> None:
    assert tags_of(RunIdentity("toy", "a", "tune", 3, 3), parse_record(RunState, state)) == ["a", "seed 3", *tags]


def test_a_row_is_numbers_in_few_sections() -> None:
    row = row_of(line_of(20))
    assert {key.partition("/")[0] for key in row} == {"step", "val", "train", "schedule", "wall"}
    assert all(isinstance(value, int | float) for value in row.values())
    assert (row["val/psnr_first_frame"], row["val/psnr_last_frame"]) == (17.0, 15.0)


def test_a_summary_has_best_and_last_and_never_a_mapping() -> None:
    lines = [line_of(10) | {"val/psnr": 21.0}, line_of(20) | {"val/psnr": 19.0}]
    summary = summary_of(RunState("diverged", attempt=2, error=RunError(message="nan at step 7")), lines)
    assert (summary["best/val_psnr"], summary["best/step"]) == (21.0, 10)
    assert (summary["status"], summary["diverged"], summary["error"]) == ("diverged", 1, "nan at step 7")
    assert not [value for value in summary.values() if isinstance(value, dict | list)]


def test_the_configuration_is_nested_and_says_nothing_of_the_machine(tmp_path: Path) -> None:
    folder = begin(tmp_path / "toy")
    config = config_of(folder, folder.read_identity())
    assert config["optim"] == {"lr": 1.2345e-3}
    assert config["searched"] == {"lr": 1.2345e-3, "beta": 2e-05}
    assert not {"store", "runtime"} & set(config)


def test_a_caption_says_step_score_and_clips(tmp_path: Path) -> None:
    folder = begin(tmp_path / "toy")
    evaluate(folder, 20)
    caption = caption_of(folder.samples / "step-000020.png", 20, 16.0, "val")
    assert caption == "step 20 · val 16.00 dB · clip clip-0 19.0 dB · clip clip-1 20.0 dB"
