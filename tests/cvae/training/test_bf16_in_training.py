"""bf16 costs no quality: minutes, marked slow."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvae.config.schema import build_config
from cvae.data.store.store import open_store
from cvae.device import choose_accelerator
from cvae.run.train_run import make_trainer

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "image_size": 32,
    "n_future": 4,
    "n_eval": 4,
    "data": {"source": "pushing", "n_train": 60, "n_validate": 24, "n_test": 1, "n_frames": 12},
    "model": {"width": 0.125, "g_dim": 32, "z_dim": 4, "rnn_size": 32, "predictor_layers": 1},
    "beta": 1e-5,
    "train": {"steps": 300, "batch_size": 6},
    "evaluation": {"every": 300},
}


def score(folder: Path, precision: str, seed: int) -> tuple[float, float]:
    """PSNR at the end in dB, and that of copying the last frame."""
    runtime = {"device": "cpu", "precision": precision, "threads": 1}
    config = build_config(SMALL | {"seed": seed, "store": str(folder), "runtime": runtime}, "slow")
    trainer = make_trainer(config, choose_accelerator(config.runtime), open_store(config.data, 32, folder))
    *_, last = trainer.fit()
    return last.values()["val/psnr"], last.values()["val/copy_last_psnr"]


def test_bf16_reaches_the_psnr_of_float32_within_seed_noise(tmp_path: Path) -> None:
    # The same seeds in both: their mean difference is smaller than what another seed does to float32.
    scores = {p: np.array([score(tmp_path, p, seed) for seed in range(4)]) for p in ("fp32", "bf16")}
    full, half = scores["fp32"][:, 0], scores["bf16"][:, 0]
    print(full, half, scores["fp32"][0, 1])
    assert not np.array_equal(full, half)
    assert abs((half - full).mean()) < full.std(ddof=1)
    assert (half > scores["bf16"][:, 1] + 1).all()  # both have learned: a decibel above copying the last frame
