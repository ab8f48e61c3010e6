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


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker on another machine must have in its environment, and nothing of this one's."""
    return {**environment, "PYTHONPATH": str(ROOT)}
