"""The experiment file as a JSON Schema, for editors."""

import json
from typing import Any

from cvae.config import config_schema
from sweeps.experiment.experiment import Experiment

#: First line of an experiment file beside its schema, by which editors find it.
MODELINE = "# yaml-language-server: $schema=experiment.schema.json"


def experiment_schema() -> dict[str, Any]:
    """Return the JSON Schema of an experiment file; its `base` is a configuration's."""
    schema, base = Experiment.model_json_schema(), config_schema()
    schema["$defs"] |= base.pop("$defs") | {"Base": base}
    schema["properties"]["base"] = {"$ref": "#/$defs/Base", "description": "differences from the default configuration"}
    # As they are written: differences, with what is searched beside them. Those of a choice are of a section by itself.
    search = schema["properties"]["search"]
    schema["$defs"]["Arm"] = base | {"title": "An arm", "properties": base["properties"] | {"search": search}}
    schema["$defs"]["Variant"] = {"type": "object", "properties": {"search": search}}
    arms = schema["properties"]["arms"]
    for pattern in ("additionalProperties", "patternProperties"):
        if pattern in arms:
            of_arm = {"$ref": "#/$defs/Arm"}
            arms[pattern] = of_arm if pattern == "additionalProperties" else dict.fromkeys(arms[pattern], of_arm)
    also = schema["properties"]["also"]
    also["items"] = {"anyOf": [{"type": "string"}, also["items"]]}  # a name alone stands for its own direction
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "An experiment"} | schema


def schema_text() -> str:
    """Return the schema as `experiments/experiment.schema.json` holds it."""
    return json.dumps(experiment_schema(), indent=1, ensure_ascii=False) + "\n"
