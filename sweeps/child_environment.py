"""The environment of the processes that a sweep starts."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[1]


def with_project(environment: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return this process's environment with some of it set, in which the project can be imported from anywhere."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, **environment, "PYTHONPATH": path}
