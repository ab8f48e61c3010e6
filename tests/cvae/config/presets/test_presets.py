"""Presets: what they say, counted by hand, and how differences lie over them."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cvae.config.presets import over_preset, preset_names
from cvae.config.schema import Config, build_config
from cvae.config.yaml_file import load_yaml_mapping, parse_yaml
from cvae.errors import InputError

ROOT = Path(__file__).parents[4]

PRESETS = ROOT / "cvae" / "config" / "presets"


def preset(name: str, **differences: Any) -> Config:
    return build_config(over_preset("here", {"preset": name}, differences), name)


def test_every_preset_is_a_configuration() -> None:
    assert preset_names() == ["lab", "lab_report", "sound", "svg"]
    configs = [preset(name) for name in preset_names()]
    assert len({config.model_dump_json() for config in configs}) == 4


def test_what_is_sound_is_the_default() -> None:
    assert preset("sound") == Config()


def by_epoch(config: Config, schedule: Any) -> list[float]:
    """A schedule at every epoch of 600 updates, the same at its first and its last update."""
    assert (config.train.steps, config.train.steps_per_epoch) == (600_000, 600)
    first = [schedule(config.train.progress(600 * epoch)) for epoch in range(1000)]
    assert first == [schedule(config.train.progress(600 * epoch + 599)) for epoch in range(1000)]
    return [round(value, 9) for value in first]


def test_the_reports_monotonic_annealing_epoch_by_epoch() -> None:
    # 0, .002, .004, ... 1 at epoch 500, then 1: and beta is 1 itself
    config = preset("lab_report")
    weights = by_epoch(config, config.kl_anneal)
    assert weights[:4] == [0.0, 0.002, 0.004, 0.006]
    assert weights[498:502] == [0.996, 0.998, 1.0, 1.0]
    assert weights[999] == 1.0
    assert config.beta == 1.0


def test_the_reports_cyclical_annealing_epoch_by_epoch() -> None:
    # its code: a restart every 101 epochs, the last at 909; .02 more with each, 1 after 50. As the preset's text and
    # the experiment write it
    (written,) = re.findall(r"kl_anneal: (\{mode: cyclical.*\})", (PRESETS / "lab_report.yaml").read_text())
    arm = load_yaml_mapping(ROOT / "experiments" / "lab_report.yaml")["arms"]["cyclical"]["kl_anneal"]
    assert parse_yaml(written, "preset") == arm
    config = preset("lab_report", kl_anneal=arm)
    weights = by_epoch(config, config.kl_anneal)
    cycle = [round(0.02 * epoch, 9) for epoch in range(50)] + [1.0] * 51
    assert weights == (cycle * 10)[:1000]
    assert [epoch for epoch, weight in enumerate(weights) if weight == 0.0] == [*range(0, 910, 101)]


def test_the_reports_teacher_forcing_epoch_by_epoch() -> None:
    # 1.0 up to epoch 100, then .001 less with every epoch
    config = preset("lab_report")
    assert config.teacher_forcing.mode == "linear"
    ratios = by_epoch(config, config.teacher_forcing)
    assert ratios[:101] == [1.0] * 101
    assert ratios[101:104] == [0.999, 0.998, 0.997]
    assert ratios[600] == 0.5
    assert ratios[999] == 0.101


def test_the_report_and_the_lab_in_a_table() -> None:
    rows = {
        "optim.clip": (None, None, None, 1.0),
        "teacher_forcing.coin": ("batch", "batch", "sample", "sample"),
        "teacher_forcing.detach": (False, False, False, False),
        "teacher_forcing.frees_given": (True, False, False, False),
        "model.norm": ("batch", "batch", "batch", "batch"),
        "model.batch_statistics": ("frame", "frame", "frame", "clip"),
        "model.condition_scale": ("raw", "standardised", "standardised", "standardised"),
        "model.start": ("svg", "svg", "svg", "unit"),
        "model.predictor_norm": ("batch", "batch", "none", "none"),
        "model.skip": ("first", "first", "first", "last_context"),
        "model.past_codes": (True, False, False, False),
        "model.past_z": ("prior", "posterior", "posterior", "posterior"),
        "model.prior": ("fixed", "fixed", "learned", "fixed"),
        "train.batch_size": (12, 12, 100, 12),
        "train.steps": (600_000, 180_000, 180_000, 180_000),
        "train.stepping": ("epoch", "epoch", "step", "step"),
        "optim.lr": (2e-3, 2e-3, 2e-3, 2e-3),
    }
    for key, expected in rows.items():
        section, field = key.split(".")
        found = [getattr(getattr(preset(name), section), field) for name in ("lab_report", "lab", "svg", "sound")]
        assert tuple(found) == expected, key
    assert preset("svg").weight.beta_sum == pytest.approx(1.2288)


def test_the_labs_teacher_forcing_falls_from_epoch_100_of_300() -> None:
    config = preset("lab")
    ratios = [config.teacher_forcing(config.train.progress(600 * epoch)) for epoch in (0, 100, 101, 200, 299)]  # type: ignore[operator]
    assert ratios == pytest.approx([1.0, 1.0, 0.999, 0.9, 0.801])


def test_layers_lie_over_the_preset_in_their_order() -> None:
    # A layer that changes the mode drops what lay below it, as if the preset had been written out in full.
    under = {"preset": "lab_report", "teacher_forcing": {"mode": "constant"}}
    over = {"teacher_forcing": {"mode": "linear"}, "optim": {"clip": 3.0}}
    config = build_config(over_preset("here", under, over), "t")
    assert config.teacher_forcing.model_dump()["floor"] == 0.0  # not the preset's 0.1
    assert (config.optim.clip, config.train.steps) == (3.0, 600_000)
    assert build_config(over_preset("here", under, {"preset": "svg"}), "t").train.batch_size == 100
    assert over_preset("here", {"beta": 1.0}) == {"beta": 1.0}


@pytest.mark.parametrize(
    ("name", "words"), [("labreport", "did you mean 'lab_report'?"), ("x", "known: lab, lab_report"), (3, "preset 3")]
)
def test_an_unknown_preset_is_refused_with_the_list(name: object, words: str) -> None:
    with pytest.raises(InputError, match=r"run\.yaml: there is no preset") as caught:
        over_preset("run.yaml", {"preset": name})
    assert words in str(caught.value)


def test_the_training_command_knows_presets(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("preset: lab_reprot\n")
    command = [sys.executable, "-m", "cvae.train", str(tmp_path / "run.yaml"), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "did you mean 'lab_report'?" in done.stderr
    done = subprocess.run(
        [*command, "--set", "preset=svg", "--set", "n_past=0"], cwd=ROOT, capture_output=True, text=True
    )
    assert "n_past is 0" in done.stderr  # the preset was taken, and the next mistake found


def test_presets_are_installed_with_the_package() -> None:
    # Every file that is no module is named by the packaging, or an installed copy would lack it.
    globs = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in ("cvae", "sweeps"):
        named = {path for pattern in globs.get(package, []) for path in (ROOT / package).glob(pattern)}
        walked = (
            Path(folder) / name for folder, _, names in os.walk(ROOT / package, followlinks=True) for name in names
        )
        others = {path for path in walked if path.suffix not in (".py", ".pyc", ".md")}  # one folder has its own README
        assert others == named
        assert named
