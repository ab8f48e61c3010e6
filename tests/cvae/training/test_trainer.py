"""The loop: what it reports, that it stops in time, and that it does not depend on where it was interrupted."""

import io
from typing import Any

import numpy as np
import pytest
import torch

from cvae.config.schema import Config
from cvae.data.store.store import Store
from cvae.device import Accelerator, choose_accelerator
from cvae.errors import Diverged
from cvae.evaluation.validation import evaluate
from cvae.record.names import TIMINGS
from cvae.run.train_run import make_trainer
from cvae.training.trainer import EpochResult, Trainer
from tests.conftest import DEFAULT_NORM, changed


def trainer_for(config: Config, store: Store) -> Trainer:
    return make_trainer(config, choose_accelerator(config.runtime), store)


def one_update(trainer: Trainer) -> torch.Tensor:
    """Loss, mse, kl, weighted kl and gradient norm of the first update."""
    return trainer.update(trainer.loader.batch(0), progress=0.0, lr=trainer.config.optim.lr)[0]


def untimed(result: EpochResult) -> dict[str, Any]:
    return {key: value for key, value in result.values().items() if key not in TIMINGS}


def test_an_evaluation_gives_every_number_that_is_promised(tiny: Config, tiny_store: Store) -> None:
    result = next(trainer_for(tiny, tiny_store).fit())
    values = result.values()
    assert set(values) == {
        "step", "epoch", "seconds",
        "train/loss", "train/mse", "train/kl", "train/kl_per_step", "train/kl_weighted", "train/grad_norm",
        "train/grad_norm_max", "train/code_share",
        "train/beta", "train/tfr", "train/lr", "train/clips_per_second",
        "train/flops_per_second", "train/matrix_rate_share", "train/waiting_share",
        "val/psnr", "val/psnr_per_frame", "val/copy_last_psnr", "val/copy_last_psnr_per_frame",
    }  # fmt: skip
    assert (values["step"], values["epoch"]) == (2, 1.0)
    assert len(values["val/psnr_per_frame"]) == tiny.n_eval
    assert values["val/psnr"] == pytest.approx(np.mean(values["val/psnr_per_frame"]))
    assert values["train/loss"] == pytest.approx(values["train/mse"] + values["train/kl_weighted"], rel=1e-5)
    assert values["train/kl_per_step"] == pytest.approx(values["train/kl"] / 5)  # frames 1 .. 5
    assert values["train/kl_weighted"] == pytest.approx(tiny.beta * values["train/kl"], rel=1e-5)


def test_samples_of_an_evaluation_are_asked_for_and_change_nothing_else(tiny: Config, tiny_store: Store) -> None:
    asked = changed(tiny, {"evaluation": {"energy_samples": 4}})
    (plain, first), (sampled, second) = (
        ([untimed(r) for r in trainer.fit()], trainer)
        for trainer in (trainer_for(c, tiny_store) for c in (tiny, asked))
    )
    added = {f"val/{name}" for name in ("energy", "energy_db", "energy_db_per_frame", "crps")}
    added |= {"val/copy_last_energy_db", "val/copy_last_energy_db_per_frame"}
    for without, values in zip(plain, sampled, strict=True):
        assert values.keys() - without.keys() == added
        assert {key: value for key, value in values.items() if key not in added} == without
        assert values["val/energy_db"] == pytest.approx(-20 * np.log10(values["val/energy"]))
    for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)
    again = evaluate(second.model, second.validate_clips, second.accelerator, 64, 0, n_samples=4)
    assert again.proper is not None
    assert again.proper.summary()["energy_db"] == sampled[-1]["val/energy_db"]


def test_results_come_every_k_steps_and_at_the_last(tiny: Config, tiny_store: Store) -> None:
    config = changed(tiny, {"train": {"steps": 5}})
    assert [r.step for r in trainer_for(config, tiny_store).fit()] == [2, 4, 5]


# Every random stream, schedule and state is in play in one of these.
RESUMED: dict[str, dict[str, Any]] = {
    "cyclical": {
        "kl_anneal": {"mode": "cyclical", "n_cycles": 2},
        "teacher_forcing": {"mode": "linear", "decay_start": 0.1},
        "optim": {"schedule": {"mode": "cyclic", "n_cycles": 2}},
    },
    "control": {
        "kl_anneal": {"mode": "control", "target": 1e-4, "kp": 1e-3, "ki": 1e-2},
        "teacher_forcing": {"mode": "exponential", "coin": "step"},
        "model": {"prior": "learned"},
    },
    "optimal_sigma": {
        "kl_anneal": {"mode": "optimal_sigma"},
        "teacher_forcing": {"mode": "inverse_sigmoid", "coin": "batch"},
        "train": {"stepping": "epoch"},
    },
    "defaults of the networks": DEFAULT_NORM | {"teacher_forcing": {"mode": "linear", "decay_start": 0.0}},
    "capacity": {"kl_anneal": {"mode": "capacity"}, "model": {"norm": "batch", "predictor_norm": "batch"}},
}


@pytest.mark.parametrize("interrupted_after", [1, 2])
@pytest.mark.parametrize("mode", RESUMED)
def test_resumed_equals_straight(tiny: Config, tiny_store: Store, mode: str, interrupted_after: int) -> None:
    config = changed(tiny, RESUMED[mode])
    straight_trainer = trainer_for(config, tiny_store)
    straight = [untimed(r) for r in straight_trainer.fit()]
    first = trainer_for(config, tiny_store)
    results = first.fit()
    resumed = [untimed(next(results)) for _ in range(interrupted_after)]
    saved = io.BytesIO()
    torch.save(first.state(), saved)
    saved.seek(0)
    second = trainer_for(config, tiny_store)
    second.load_state(torch.load(saved, weights_only=True))
    resumed += [untimed(r) for r in second.fit()]
    assert resumed == straight
    ends = (trainer.model.state_dict() for trainer in (straight_trainer, second))  # with what batch norm remembers
    for a, b in zip(*(end.values() for end in ends), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("mode", ["free_bits", "capacity", "control", "optimal_sigma"])
def test_the_loss_is_the_error_and_what_the_kl_costs(tiny: Config, tiny_store: Store, mode: str) -> None:
    for result in trainer_for(changed(tiny, {"kl_anneal": {"mode": mode}}), tiny_store).fit():
        t = result.training
        assert t["loss"] == pytest.approx(t["mse"] + t["kl_weighted"], rel=1e-5)
        assert t["kl_weighted"] >= 0
        if mode == "free_bits":  # 5 steps of 3 dimensions, none above its floor
            assert t["kl_weighted"] == pytest.approx(tiny.beta * 15 * 0.1, rel=1e-3)


def test_optimal_sigma_reports_its_effective_beta(tiny: Config, tiny_store: Store) -> None:
    # one update an evaluation: beta = 2 MSE / D with D = 3072 values and MSE the mean over the 5 predicted frames
    config = changed(tiny, {"kl_anneal": {"mode": "optimal_sigma"}, "evaluation": {"every": 1}})
    results = list(trainer_for(config, tiny_store).fit())
    assert len(results) == 6
    for t in (result.training for result in results):
        assert t["beta"] == pytest.approx(2 * t["mse"] / 5 / 3072, rel=1e-6)
        assert t["kl_weighted"] == pytest.approx(t["beta"] * t["kl"], rel=1e-5)


def test_two_fresh_trainings_are_the_same(tiny: Config, tiny_store: Store) -> None:
    once, again = ([untimed(r) for r in trainer_for(tiny, tiny_store).fit()] for _ in range(2))
    assert once == again


def test_arms_share_batches_noise_and_initial_weights(tiny: Config, tiny_store: Store) -> None:
    # Same seed, other schedule: as long as the weight is zero in both, the trajectories are identical.
    monotonic = changed(tiny, {"beta": 0.0})
    cyclical = changed(tiny, {"beta": 0.0, "kl_anneal": {"mode": "cyclical"}})
    a, b = (untimed(next(trainer_for(c, tiny_store).fit())) for c in (monotonic, cyclical))
    assert a == b


def test_a_non_finite_loss_stops_before_the_step(tiny: Config, tiny_store: Store) -> None:
    trainer = trainer_for(changed(tiny, {"optim": {"lr": 0.02}}), tiny_store)
    with torch.no_grad():
        trainer.model.posterior.mu.bias.fill_(float("inf"))
    before = [p.clone() for p in trainer.model.encoder.parameters()]
    with pytest.raises(Diverged, match=r"step 0: loss \S+, mse .*gradient norm .*beta 0.001, tfr 1, lr 0.02"):
        next(trainer.fit())
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.encoder.parameters(), strict=True))


def test_clipping_bounds_the_step_not_the_report(tiny: Config, tiny_store: Store) -> None:
    free = changed(tiny, {"optim": {"clip": None}})
    tight = changed(tiny, {"optim": {"clip": 1e-9}})
    a, b = (trainer_for(c, tiny_store) for c in (free, tight))
    norm_a, norm_b = (one_update(t)[4].item() for t in (a, b))
    assert norm_a == pytest.approx(norm_b)  # measured before clipping
    gradient = torch.cat([p.grad.flatten() for p in b.model.parameters() if p.grad is not None])
    assert gradient.norm().item() <= 1.001e-9


def test_a_score_does_not_depend_on_the_batch_size(tiny: Config, tiny_store: Store) -> None:
    trainer = trainer_for(tiny, tiny_store)
    clips, accelerator = trainer.validate_clips, trainer.accelerator
    scores = [evaluate(trainer.model, clips, accelerator, size, 0) for size in (1, 2, 5, 64)]
    assert len(clips) == 5  # 2 does not divide it: batches are unequal
    for other in scores[1:]:
        assert np.allclose(scores[0].psnr, other.psnr, atol=1e-4)
        assert scores[0].names == other.names
        assert np.array_equal(scores[0].copy_last_psnr, other.copy_last_psnr)


def test_the_evaluation_seed_moves_the_score_and_nothing_else_does(tiny: Config, tiny_store: Store) -> None:
    trainer = trainer_for(tiny, tiny_store)
    first, again, other = (
        evaluate(trainer.model, trainer.validate_clips, trainer.accelerator, 2, s) for s in (0, 0, 1)
    )
    assert np.array_equal(first.psnr, again.psnr)
    assert not np.array_equal(first.psnr, other.psnr)
    assert trainer.model.training  # evaluation leaves the mode as it was


def test_training_learns(tiny: Config, tiny_store: Store) -> None:
    # Ten clips seen twenty times: the error of a model that learns falls to less than half.
    config = changed(tiny, {"train": {"steps": 60}, "evaluation": {"every": 10}, "optim": {"lr": 4e-3}, "beta": 1e-5})
    errors = [result.values()["train/mse"] for result in trainer_for(config, tiny_store).fit()]
    assert errors[-1] < errors[0] / 2


@pytest.mark.cuda
def test_cuda_trains_with_autocast(tiny: Config, tiny_store: Store) -> None:
    config = changed(tiny, {"runtime": {"device": "cuda", "precision": "auto"}})
    values = list(trainer_for(config, tiny_store).fit())[-1].values()
    assert np.isfinite(values["train/loss"])


def test_bf16_changes_the_arithmetic(tiny: Config, tiny_store: Store) -> None:
    cpu = torch.device("cpu")
    losses = [one_update(make_trainer(tiny, Accelerator(cpu, bf16), tiny_store))[0].item() for bf16 in (False, True)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=2e-2)
