"""Editors know a configuration's keys: presets fit the schema, mistakes do not."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

import cvae.config.presets
from cvae.config.json_schema import config_schema
from cvae.config.yaml_file import load_yaml_mapping
from tests.conftest import TINY

PRESETS = sorted(Path(cvae.config.presets.__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("values", [TINY, {"preset": "svg"}, *(load_yaml_mapping(path) for path in PRESETS)])
def test_what_may_be_written_fits(values: dict[str, Any]) -> None:
    jsonschema.validate(values, config_schema())


@pytest.mark.parametrize(
    "values",
    [{"bta": 1}, {"optim": {"lr": "fast"}}, {"kl_anneal": {"mode": "cyclic"}}, {"preset": "none"}, {"image_size": 48}],
)
def test_a_mistake_does_not(values: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, config_schema())
