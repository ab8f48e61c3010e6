"""Ways to control the KL, in trainings on the pushing world that are long enough to show it: minutes, marked slow."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvae.config.schema import Config, build_config
from cvae.data.collapse_threshold import store_threshold
from cvae.data.store.store import Store, open_store
from cvae.device import choose_accelerator
from cvae.run.train_run import make_trainer

pytestmark = pytest.mark.slow

N_STEPS, Z = 5, 4  # predicted frames of a clip, latent dimensions
D = 3 * 32 * 32
SMALL: dict[str, Any] = {
    "image_size": 32,
    "n_future": 4,
    "n_eval": 4,
    "data": {"source": "pushing", "n_train": 48, "n_validate": 2, "n_test": 1, "n_frames": 12, "slip": 2.0},
    "model": {"width": 0.125, "g_dim": 32, "z_dim": Z, "rnn_size": 32, "predictor_layers": 1, "use_positions": False},
    "train": {"batch_size": 6, "steps_per_epoch": 50},
    "evaluation": {"every": 50},
    "runtime": {"device": "cpu", "precision": "fp32"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def train(folder: Path, kl_anneal: dict[str, Any], beta: float = 1e-5, steps: int = 600) -> dict[str, np.ndarray]:
    """What a training reports every 50 updates, as arrays by name."""
    values = SMALL | {"kl_anneal": kl_anneal, "beta": beta, "store": str(folder)}
    values["train"] = SMALL["train"] | {"steps": steps}
    config = build_config(values, "slow")
    results = [r.training for r in make_trainer(config, choose_accelerator(config.runtime), store_of(config)).fit()]
    assert len(results) == steps // 50
    in_all = [key for key in results[0] if all(key in result for result in results)]  # not so an onset
    return {key: np.array([result[key] for result in results]) for key in in_all}


def store_of(config: Config) -> Store:
    return open_store(config.data, config.image_size, Path(config.store))


def test_a_weight_ten_thousand_times_too_large_collapses_the_posterior(folder: Path) -> None:
    # 10^4 is the course lab's factor; beta_c = 2 lambda_max / D is the weight above which no direction of z can live.
    beta = 1e-6
    threshold = store_threshold(store_of(build_config(SMALL | {"store": str(folder)}, "slow")), 1 + N_STEPS)
    assert threshold is not None
    assert beta < threshold.beta_c < 1e4 * beta
    sound, void = (train(folder, {"mode": "constant"}, weight, steps=350) for weight in (beta, 1e4 * beta))
    assert void["kl"][-1] < 0.01
    assert sound["kl"][-1] > 0.5


def test_free_bits_keep_their_floor_where_a_plain_weight_collapses(folder: Path) -> None:
    # 0.1 nats in 4 dimensions at 5 steps are free, 2 nats in all, under the weight that leaves less than 0.01 above.
    # The floor lets z be used up to 2 nats and charges what is above; nothing forces every dimension to use its share.
    kept = train(folder, {"mode": "free_bits", "floor": 0.1}, beta=1e-2, steps=350)
    assert 0.2 < kept["kl"][-1] < 2.0
    assert kept["kl_weighted"] == pytest.approx(1e-2 * 2.0, rel=0.1)  # so nothing much is above its floor


def test_control_holds_the_kl_at_its_target(folder: Path) -> None:
    target = 1.5
    held = train(folder, {"mode": "control", "target": target, "kp": 1e-6, "ki": 5e-7}, steps=600)
    assert held["kl"][-6:].mean() == pytest.approx(target, rel=0.2)
    assert 0 < held["beta"][-6:].max() < 1e-2  # by its weight, inside its range


def test_optimal_sigmas_weight_falls_with_the_error(folder: Path) -> None:
    run = train(folder, {"mode": "optimal_sigma"}, steps=250)
    assert run["mse"][-1] < 0.6 * run["mse"][0]
    # Means over 50 updates, where train/beta is that of the last. A ratio of means weighs updates by their KL, so it is
    # near 2 MSE / D once both move slowly; in the first 50 updates they fall by half.
    effective = run["kl_weighted"] / run["kl"]
    assert effective[1:] == pytest.approx(2 * run["mse"][1:] / N_STEPS / D, rel=0.1)
    assert effective[-1] < 0.6 * effective[0]
    assert np.corrcoef(effective, run["mse"])[0, 1] > 0.99
