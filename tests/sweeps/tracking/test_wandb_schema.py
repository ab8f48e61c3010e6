"""How a run reads in a browser, and how it is read back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cvae.config import Config, load_yaml_mapping
from cvae.errors import InputError
from cvae.record import RunError, RunIdentity, RunState, parse_record
from sweeps.tracking.wandb_schema import (
    FILTERED_BY,
    RECORD,
    config_of,
    line_of,
    origin_of,
    recorded_state,
    row_of,
    run_name,
    short_params,
    summary_of,
    tags_of,
)
from tests.sweeps.made_runs import begin
from tests.sweeps.made_runs import line_of as line_of_record


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
    row = row_of(line_of_record(20))
    assert {key.partition("/")[0] for key in row} == {"step", "val", "train", "schedule", "wall"}
    assert all(isinstance(value, int | float) for value in row.values())
    assert (row["val/psnr_first_frame"], row["val/psnr_last_frame"]) == (17.0, 15.0)


def test_a_summary_has_best_and_last_and_never_a_mapping() -> None:
    lines = [line_of_record(10) | {"val/psnr": 21.0}, line_of_record(20) | {"val/psnr": 19.0}]
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


def test_what_config_says_is_read_back(tmp_path: Path) -> None:
    # names in full, and the experiment's files as they lie there; what is searched may have any name
    folder = begin(tmp_path / "toy", params={"optim.lr": 1.2345e-3, "kl_anneal.cyclical.ratio": 0.5})
    (tmp_path / "toy" / "data.json").write_text('{"arms": {}}')
    origin = origin_of(config_of(folder, folder.read_identity()) | {"_wandb": {}})
    assert origin is not None
    assert origin.identity == folder.read_identity()
    assert origin.files == {name: (tmp_path / "toy" / name).read_text() for name in ("experiment.yaml", "data.json")}
    trained = load_yaml_mapping(folder.config)
    assert origin.config == {k: trained[k] for k in ("beta", "evaluation")} | {"optim": {"lr": 1.2345e-3}}


def test_keys_of_the_mirror_are_none_of_a_configuration() -> None:
    # else reading a config back would drop what was trained
    assert not {*FILTERED_BY, "searched", RECORD} & set(Config.model_fields)


def test_a_config_of_another_trainer_is_none_of_ours() -> None:
    assert origin_of({"arm": "a", "seed": 1, "_wandb": {}}) is None
    with pytest.raises(InputError, match="mirrored by an earlier version"):
        origin_of({"arm": "a", "phase": "tune", "number": 0, "searched": {"lr": 1e-3}})
    with pytest.raises(InputError, match="is damaged"):
        origin_of({RECORD: "{"})


def test_a_record_names_no_file_but_those_that_are_shared() -> None:
    # what stands in a wandb project is not trusted to name a path
    folder = {"identity": {"experiment": "e", "arm": "a", "phase": "tune", "number": 0, "seed": 0}}
    origin = origin_of({RECORD: json.dumps(folder | {"files": {"../evil": "x", "data.json": "{}"}})})
    assert origin is not None
    assert origin.files == {"data.json": "{}"}


def test_a_row_is_read_back_as_its_evaluation() -> None:
    # all but the epoch and curves over frames; wandb adds keys of its own, and the sizes of pictures
    line = line_of_record(20)
    row = row_of(line) | {"_step": 20, "_timestamp": 1e9, "samples/strip.width": 466}
    kept = {key: value for key, value in line.items() if key != "epoch" and not isinstance(value, list)}
    assert line_of(row) == kept
    assert line_of({"step": 40, "final/strip.width": 466, "_step": 41}) == {}
    assert line_of({"step": 40, "_step": 41}) == {}


def test_a_state_is_read_back_whole() -> None:
    final = {"test/psnr": 21.5, "test/psnr_per_frame": [22.0, 21.0], "test/kl": 3.0, "train/kl": 4.0, "n_clips": 256}
    flags = {"diverged": False, "collapsed": True}
    state = RunState("finished", 2, pid=7, step=100, seconds=3.5, flags=flags, final=final, mended=("a line",))
    assert recorded_state(summary_of(state, []), []) == replace(state, pid=None)
    assert recorded_state({"status": "interrupted"}, [{"step": 30}]) == RunState("interrupted", step=30)
    assert recorded_state({}, []).status == "running"
