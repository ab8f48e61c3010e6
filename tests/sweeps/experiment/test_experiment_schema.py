"""Editors know an experiment's keys: every file names the schema, fits it, and the schema is current."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cvae.config.yaml_file import load_yaml_mapping
from sweeps.experiment.experiment_schema import MODELINE, experiment_schema, schema_text

FOLDER = Path(__file__).parents[3] / "experiments"


def test_the_published_schema_is_current() -> None:
    # made again by writing what `run_sweep.py --schema` prints
    assert (FOLDER / "experiment.schema.json").read_text() == schema_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_names_the_schema_and_fits_it(path: Path) -> None:
    assert path.read_text().splitlines()[0] == MODELINE
    jsonschema.validate(load_yaml_mapping(path), experiment_schema())


@pytest.mark.parametrize(
    "change",
    [
        {"amrs": {}},
        {"base": {"bta": 1}},
        {"confirm": {"seeds": 0}},
        {"metric": {"margin": -1}},
        {"search": {"beta": {"float": [1]}}},
        {"arms": {}},
        {"arms": {"b": {"kl_anneal": {"mode": "cyclic"}}}},
    ],
)
def test_a_mistake_does_not_fit(change: dict[str, Any]) -> None:
    values = {"name": "a", "arms": {"b": {}}}
    jsonschema.validate(values, experiment_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values | change, experiment_schema())
