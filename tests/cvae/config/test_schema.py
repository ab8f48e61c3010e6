"""The door: what gets in, what is refused and in which words, and that every key is read."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cvae.config.overrides import KIND_KEYS, merge, parse_settings
from cvae.config.schema import Config, build_config
from cvae.config.validation_errors import fields_of, sections_of, tag_of, uncapitalise
from cvae.config.yaml_file import load_yaml_mapping, parse_yaml
from cvae.data.sources import NpzEpisodes
from cvae.errors import InputError


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bta": 1e-4}, ["unknown key 'bta'", "did you mean 'beta'?"]),
        ({"optim": {"lrr": 1e-3}}, ["unknown key 'optim.lrr'", "did you mean 'optim.lr'?"]),
        ({"lr": 1e-3}, ["unknown key 'lr'", "did you mean 'optim.lr'?"]),
        ({"optim": {"lr": "fast"}}, ["optim.lr is 'fast'", "valid number"]),
        ({"optim": {"lr": -1.0}}, ["optim.lr is -1.0", "greater than 0"]),
        ({"optim": {"lr": float("nan")}}, ["optim.lr is nan", "finite"]),
        ({"train": {"steps": 1.5}}, ["train.steps is 1.5", "integer"]),
        ({"train": {"steps": True}}, ["train.steps is True", "integer"]),
        ({"image_size": 48}, ["image_size is 48", "32, 64 or 128"]),
        ({"kl_anneal": {"mode": "cyclic"}}, ["kl_anneal.mode is 'cyclic'", "'constant', 'monotonic', 'cyclical'"]),
        ({"kl_anneal": {"mode": "monotonic", "n_cycles": 3}}, ["unknown key 'kl_anneal.n_cycles'"]),
        ({"kl_anneal": {"mode": "cyclical", "n_cycls": 3}}, ["did you mean 'kl_anneal.n_cycles'?"]),
        ({"kl_anneal": {"n_cycles": 3}}, ["kl_anneal needs the key 'mode'"]),
        (
            {"teacher_forcing": {"mode": "linear", "decay_start": 0.5, "decay_end": 0.4}},
            ["decay_end 0.4 must be above"],
        ),
        (
            {"kl_anneal": {"mode": "control", "beta_min": 0.1, "beta_max": 0.05}},
            ["kl_anneal is", "beta_max 0.05 must be above beta_min 0.1"],
        ),
        ({"kl_anneal": {"mode": "capacity", "target": 3.0}}, ["unknown key 'kl_anneal.target'"]),
        ({"kl_anneal": {"mode": "optimal_sigma", "floor": 0.1}}, ["unknown key 'kl_anneal.floor'"]),
        ({"teacher_forcing": {"mode": "exponential", "k": 1.0}}, ["teacher_forcing.k is 1.0", "less than 1"]),
        ({"teacher_forcing": {"mode": "linear", "coin": "clip"}}, ["teacher_forcing.coin is 'clip'", "'sample'"]),
        ({"optim": {"schedule": {"mode": "step"}}}, ["optim.schedule.mode is 'step'", "'cosine', 'warmup', 'cyclic'"]),
        ({"optim": {"schedule": {"mode": "cosine", "flor": 0.1}}}, ["did you mean 'optim.schedule.floor'?"]),
        (
            {"train": {"batch_size": 1}, "model": {"norm": "batch"}, "teacher_forcing": {"mode": "linear"}},
            ["train.batch_size is 1", "model.norm", "2 or more clips"],
        ),
        (
            {"train": {"batch_size": 1}, "model": {"batch_statistics": "frame"}},
            ["train.batch_size is 1", "with model.batch_statistics 'frame'"],
        ),
        ({"data": {"source": "web"}}, ["data.source is 'web'", "'bair', 'episodes', 'rlds', 'lerobot', 'pushing'"]),
        ({"model": 3}, ["model is 3"]),
        (
            {"data": {"source": "pushing", "root": "/d"}},
            ["data.source is 'pushing'", "'bair' or 'episodes'", "set data.s"],
        ),
        (
            {"kl_anneal": {"mode": "constant", "ramp": 0.5}},
            ["the key belongs to 'monotonic'", "kl_anneal.mode is 'cons"],
        ),
        ({"store": "$NO_SUCH_PLACE/x"}, ["store is '$NO_SUCH_PLACE/x'", "the environment variable $NO_SUCH_PLACE"]),
        ({"store": "${NO_SUCH_PLACE}/x"}, ["the environment variable ${NO_SUCH_PLACE} is not set"]),
        ({"data": {"source": "bair", "root": "~no-such-user/x"}}, ["data.root is", "no user 'no-such-user'"]),
        ({"evaluation": {"fvd": "$NO_SUCH_PLACE"}}, ["evaluation.fvd is"]),
    ],
)
def test_a_mistake_names_path_value_and_what_is_allowed(values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        build_config(values, "a.yaml")
    message = str(caught.value)
    assert message.startswith("a.yaml: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_numbers_without_a_dot_are_numbers() -> None:
    # PyYAML alone reads 1e-4 as text
    assert parse_yaml("[1e-4, 1E3, 5e+2, -2.5e-1, .5e1]", "t") == [1e-4, 1000.0, 500.0, -0.25, 5.0]
    assert parse_yaml("[e5, 1e, x1e5, 0x1e5]", "t") == ["e5", "1e", "x1e5", 0x1E5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2\n", ["'a' is given twice", "line 2"]),
        ("a: [1\n", ["line 2"]),
        ("- 1\n", ["expected a mapping", "list"]),
        ("", ["expected a mapping"]),
    ],
)
def test_broken_yaml_is_located(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_yaml_mapping(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read \(No such file"):
        load_yaml_mapping(tmp_path / "none.yaml")


def test_beta_conventions() -> None:
    # SVG's 1e-4 at 64 pixels is beta_sum 1.2288 and sigma 0.784 (sigma^2 = beta D / 2)
    config = build_config({"beta": 1e-4, "image_size": 64}, "t")
    assert config.weight.beta_sum == pytest.approx(1.2288)
    assert config.weight.sigma == pytest.approx(0.78384, abs=1e-5)


def test_another_kind_replaces_a_section_and_the_same_kind_is_merged() -> None:
    below = {"kl_anneal": {"mode": "cyclical", "n_cycles": 3, "ramp": 0.2}, "optim": {"lr": 0.1, "clip": None}}
    assert merge(below, {"kl_anneal": {"mode": "constant"}})["kl_anneal"] == {"mode": "constant"}
    assert merge(below, {"kl_anneal": {"ramp": 0.5}})["kl_anneal"] == {"mode": "cyclical", "n_cycles": 3, "ramp": 0.5}
    assert merge(below, {"optim": {"lr": 0.2}})["optim"] == {"lr": 0.2, "clip": None}


def test_settings_from_a_command_line() -> None:
    assert parse_settings(["optim.lr=1e-3", "data.root=../x y", "model.norm=batch", "optim.clip=null"]) == {
        "optim": {"lr": 1e-3, "clip": None},
        "data": {"root": "../x y"},
        "model": {"norm": "batch"},
    }


@pytest.mark.parametrize("setting", ["optim.lr", "=1", "optim..lr=1", ".lr=2"])
def test_a_malformed_setting_is_refused(setting: str) -> None:
    with pytest.raises(InputError, match="expected PATH=VALUE"):
        parse_settings([setting])


def test_a_dump_builds_the_same_configuration() -> None:
    config = build_config({"kl_anneal": {"mode": "cyclical"}, "data": {"source": "pushing", "slip": 0.5}}, "t")
    assert build_config(config.model_dump(mode="json"), "again") == config


def leaves(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key below a section that holds a value of its own."""
    for name, field in fields_of(section).items():
        inner = sections_of(field.annotation)
        for option in inner:
            yield from leaves(option, f"{prefix}{name}.")
        if not inner:
            yield f"{prefix}{name}", field


def test_every_key_has_a_meaning() -> None:
    found = dict(leaves(Config))
    assert len(found) > 45
    assert [path for path, f in found.items() if not f.description and path.split(".")[-1] not in KIND_KEYS] == []


def test_a_configuration_is_read_without_what_computes() -> None:
    # a report and `--plan` read many: neither the physics engine nor torch is loaded for that
    code = "import sys, cvae.config; print({*sys.modules} & {'pymunk', 'torch', 'optuna', 'wandb'})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_place_is_what_the_shell_would_make_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("PLACE", "/scratch")
    monkeypatch.chdir(tmp_path)
    written = {
        "store": "~/s",
        "data": {"source": "episodes", "root": "$PLACE/d"},
        "evaluation": {"lpips": "${PLACE}/w"},
    }
    config = build_config(written, "t")
    assert isinstance(config.data, NpzEpisodes)
    assert (config.store, str(config.data.root), config.evaluation.lpips) == (
        "/home/somebody/s",
        "/scratch/d",
        "/scratch/w",
    )
    assert build_config(config.model_dump(mode="json"), "t") == config
    (tmp_path / "$PLACE").mkdir()  # what is there by that very name is meant
    assert build_config({"store": "$PLACE"}, "t").store == "$PLACE"


def test_no_advice_is_to_do_what_was_done() -> None:
    # every key of every kind, under every other kind of its section: the advice never names what was written
    tried = 0
    for name, field in fields_of(Config).items():
        kinds = sections_of(field.annotation)
        for kind, other in itertools.permutations(kinds, 2):
            for key in fields_of(other).keys() - fields_of(kind).keys():
                selector = "source" if "source" in fields_of(kind) else "mode"
                with pytest.raises(InputError) as caught:
                    build_config({name: {selector: tag_of(kind), key: 1}}, "t")
                assert f"did you mean '{name}.{key}'" not in str(caught.value)
                tried += f"'{tag_of(other)}'" in str(caught.value) or "is required" in str(caught.value)
    assert tried > 30


@pytest.mark.parametrize(
    ("sentence", "goes_on"),
    [
        ("Input should be 1", "input should be 1"),
        ("LSTM cells", "LSTM cells"),
        ("KL to hold", "KL to hold"),
        ("Adam's decay", "Adam's decay"),
        ("A thing", "a thing"),
        ("", ""),
    ],
)
def test_a_name_at_the_beginning_keeps_its_capital(sentence: str, goes_on: str) -> None:
    assert uncapitalise(sentence) == goes_on


def test_settings_mean_the_same_in_any_order() -> None:
    settings = ["a.kl_anneal.mode=cyclical", "a.kl_anneal.ramp=0.5", "a.optim={lr: 1e-3}", "a.optim.clip=2.0"]
    expected = {"a": {"kl_anneal": {"mode": "cyclical", "ramp": 0.5}, "optim": {"lr": 1e-3, "clip": 2.0}}}
    orders = list(permutations(settings))
    assert len(orders) == 24
    assert all(parse_settings(order) == expected for order in orders)


@pytest.mark.parametrize("again", ["beta=2", "beta=1"])
def test_a_key_is_set_once(again: str) -> None:
    # which of two would stand is nobody's guess
    with pytest.raises(InputError, match=r"--set beta is given twice, as 1 and \d: give it once"):
        parse_settings(["beta=1", "optim.lr=1", again])
