"""`data.json`: what was measured of each arm's data is read back as it was, by one class."""

import json
from pathlib import Path

import pytest

from cvae.data.collapse_threshold import CollapseThreshold
from cvae.errors import InputError
from sweeps.experiment.collapse_check import ArmWeights
from sweeps.experiment_folder.data_record import DataRecord, read_data_record, write_data_record
from sweeps.experiment_folder.paths import ExperimentFolder

RECORD = DataRecord(
    {
        "constant": ArmWeights(1e-6, 1e-4, 32, CollapseThreshold(1.5e-4, 0.23, 32, 512, 4)),
        "control": ArmWeights(None, None, 32, None),
    }
)

#: As every launch has written it.
WRITTEN = """{
  "arms": {
    "constant": {
      "low": 1e-06,
      "high": 0.0001,
      "image_size": 32,
      "threshold": {
        "beta_c": 0.00015,
        "lambda_max": 0.23,
        "image_size": 32,
        "n_residuals": 512,
        "n_conditions": 4
      }
    },
    "control": {
      "low": null,
      "high": null,
      "image_size": 32,
      "threshold": null
    }
  }
}
"""


def test_what_is_written_is_read_and_the_bytes_are_those_of_every_launch(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path)
    write_data_record(RECORD, root)
    assert root.data.read_text() == WRITTEN
    assert read_data_record(root) == RECORD


def test_a_folder_of_before_there_was_such_a_file_has_no_arm(tmp_path: Path) -> None:
    assert read_data_record(ExperimentFolder(tmp_path)).arms == {}


@pytest.mark.parametrize(
    ("key", "value", "words"), [("low", "much", r"arms\.constant\.low"), ("threshold", 3, r"arms\.constant\.threshold")]
)
def test_damage_is_refused_by_its_key(tmp_path: Path, key: str, value: object, words: str) -> None:
    root, values = ExperimentFolder(tmp_path), json.loads(WRITTEN)
    values["arms"]["constant"][key] = value
    root.data.write_text(json.dumps(values))
    with pytest.raises(InputError, match=rf"data\.json: is damaged \({words}"):
        read_data_record(root)
