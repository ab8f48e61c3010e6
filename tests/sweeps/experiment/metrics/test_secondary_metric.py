"""Metrics beside the one that decides: how they are named, what is refused, that names are those of evaluations."""

from pathlib import Path
from typing import Any

import pytest

from cvae.config.schema import Config
from cvae.config.yaml_file import dump_yaml
from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from cvae.run.train_run import train_run
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.metrics.secondary_metric import FINAL_NUMBERS, SecondaryMetric
from tests.conftest import changed
from tests.sweeps.experiment.test_experiment import GOOD


def declared(*also: Any) -> list[tuple[str, str, float | None]]:
    return [(m.name, m.direction, m.margin) for m in build_experiment(GOOD | {"also": list(also)}, "toy.yaml").also]


def test_a_name_alone_has_the_direction_of_its_metric() -> None:
    assert declared("val/ssim", "val/crps", {"name": "val/energy_db", "margin": 0.2}) == [
        ("val/ssim", "maximize", None),
        ("val/crps", "minimize", None),
        ("val/energy_db", "maximize", 0.2),
    ]


def test_a_direction_that_is_given_is_the_one() -> None:
    kl = [declared({"name": "val/kl", "direction": way})[0][1] for way in ("maximize", "minimize", "none")]
    assert kl == ["maximize", "minimize", "none"]
    assert [SecondaryMetric.model_validate({"name": "val/kl", "direction": way}).sign for way in kl] == [1, -1, 0]
    assert declared({"name": "val/mse", "direction": "none"}) == [("val/mse", "none", None)]


@pytest.mark.parametrize(
    ("also", "words"),
    [
        (["val/kl"], ["also.0", "neither direction", "{name: val/kl, direction: maximize}"]),
        (["val/active_units"], ["neither direction"]),
        (["val/energy_bd"], ["'val/energy_bd' is no metric", "did you mean 'val/energy_db'?", "val/crps", "val/kl"]),
        (["ssim"], ["'ssim' is no metric", "did you mean 'val/ssim'?"]),
        (["test/ssim"], ["'test/ssim' is no metric"]),
        (["val/copy_last_psnr"], ["is no metric"]),  # the same in every arm: there is nothing to compare
        (["val/psnr"], ["also names val/psnr, which is the metric"]),
        (["val/ssim", {"name": "val/ssim", "margin": 0.1}], ["also names val/ssim, which is there already"]),
        ([{"name": "val/ssim", "margn": 0.1}], ["margn"]),
        ([{"name": "val/ssim", "margin": 0.0}], ["also.0.margin is 0.0"]),
        ([{"name": "val/kl", "direction": "up"}], ["also.0.direction is 'up'", "'minimize' or 'none'"]),
        ([{"direction": "maximize"}], ["also.0.name"]),
        ([3], ["a name, or a mapping"]),
        ("val/ssim", ["also is 'val/ssim'"]),
    ],
)
def test_a_mistake_is_named_before_launch(also: Any, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        declared(*also) if isinstance(also, list) else build_experiment(GOOD | {"also": also}, "toy.yaml")
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_an_experiment_without_the_key_is_written_as_before_there_was_one() -> None:
    assert "also" not in build_experiment(GOOD, "t").written()
    experiment = build_experiment(GOOD | {"also": ["val/ssim"]}, "t")
    assert experiment.written()["also"] == [{"name": "val/ssim", "direction": "maximize", "margin": None}]
    assert build_experiment(experiment.written(), "again") == experiment


def test_every_number_of_a_full_evaluation_has_a_name_here(tiny: Config, tmp_path: Path) -> None:
    # What a model scores can be declared; baselines are the same in every arm, and curves are no numbers.
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.config.write_text(dump_yaml(changed(tiny, {"evaluation": {"full": True}}).model_dump(mode="json")))
    for _ in train_run(folder):
        pass
    final = folder.read_state().scores
    scores = {key.removeprefix("val/") for key in final if key.startswith("val/") and not key.endswith("_per_frame")}
    baselines = {f"{baseline}_psnr" for baseline in ("copy_last", "linear", "flat_colour")}
    assert len(scores) > 15
    assert scores - baselines - FINAL_NUMBERS.keys() == set()
