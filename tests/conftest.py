"""What several test folders need: one tiny configuration and its packed data."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cvae.config.overrides import merge
from cvae.config.schema import Config, build_config
from cvae.data.store.store import Store, open_store

TINY: dict[str, Any] = {
    "image_size": 32,
    "n_future": 4,
    "n_eval": 4,
    "data": {"source": "pushing", "n_train": 10, "n_validate": 5, "n_test": 3, "n_frames": 12},
    # Group norm sees one frame at a time, so that laws hold frame by frame; SVG's start is known to the last digit.
    # What must hold under the defaults is tested beside, by DEFAULT_NORM.
    "model": {
        "width": 0.125,
        "g_dim": 16,
        "z_dim": 3,
        "rnn_size": 16,
        "predictor_layers": 1,
        "norm": "group",
        "start": "svg",
    },
    "beta": 1e-3,
    "train": {"steps": 6, "batch_size": 3, "steps_per_epoch": 2},
    "evaluation": {"every": 2, "batch_size": 2, "samples_every": 2, "n_samples": 2, "best_of": 3},
    "runtime": {"device": "cpu", "precision": "fp32", "threads": 1},
}


#: Lays the default normalisation and start over TINY.
DEFAULT_NORM: dict[str, Any] = {"model": {"norm": "batch", "start": "unit"}}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def tiny(cache: Path) -> Config:
    return build_config(TINY | {"store": str(cache)}, "tiny")


@pytest.fixture(scope="session")
def tiny_store(tiny: Config) -> Store:
    return open_store(tiny.data, tiny.image_size, Path(tiny.store))


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def changed(config: Config, differences: dict[str, Any]) -> Config:
    """The configuration with differences laid over it."""
    return build_config(merge(config.model_dump(mode="json"), differences), "changed")
