"""Every protocol on planted models: what was put into the latent is what is found."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cvae.config.schema import Config
from cvae.data.store.clips import Clips
from cvae.data.store.store import Store
from cvae.device import Accelerator
from cvae.evaluation.condition_ablation import partners
from cvae.evaluation.metrics.image_metrics import psnr
from cvae.evaluation.protocol_evaluation import ProtocolEvaluation, evaluate_protocols
from cvae.evaluation.protocols import ALL, EvaluationPlan, count_passes
from cvae.evaluation.validation import evaluate
from cvae.model.build import build_model
from cvae.model.cvae import CVAE
from cvae.model.losses import mean_squared_error
from cvae.model.lstm import State
from cvae.random_streams import clip_noise
from cvae.record.flags import is_collapsed, is_diverged
from cvae.run.final_evaluation import EvaluationFiles, final_evaluation, flags_of
from tests.conftest import changed

PLACE = Accelerator(torch.device("cpu"), False)
Z = 3  # of the tiny model


@pytest.fixture(scope="module")
def clips(tiny: Config, tiny_store: Store) -> Clips:
    return tiny_store.clips("validate", tiny.n_past + tiny.n_eval, use_positions=True)


def full(model: CVAE, clips: Clips, **changes: Any) -> ProtocolEvaluation:
    settings = {"n_samples": 3, "batch_size": 32, "seed": 0, "n_actions": 4, "n_pictured": 2} | changes
    return evaluate_protocols(model, clips, PLACE, EvaluationPlan(**settings))


def model_of(config: Config, plant: Callable[[CVAE], None] = lambda model: None) -> CVAE:
    model = build_model(config, 7)
    with torch.no_grad():
        plant(model)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def ignore_z(model: CVAE) -> None:
    model.frame_predictor.embed.weight[:, 16 : 16 + Z] = 0


def enlarge_z(model: CVAE) -> None:
    model.frame_predictor.embed.weight[:, 16 : 16 + Z] *= 100


def go_black(model: CVAE) -> None:
    model.decoder.stages[-1][-1].bias.fill_(-40.0)


def be_no_number(model: CVAE) -> None:
    model.decoder.stages[-1][-1].bias.fill_(math.nan)


class TwoValues(nn.Module):
    """A posterior whose first k dimensions say a bit of each frame: mean +-c, variance s^2; the others nothing."""

    def __init__(self, k: int, c: float, variance: float) -> None:
        super().__init__()
        self.k, self.c, self.logvar_value = k, c, math.log(variance)
        self.mu = nn.Linear(1, Z)  # only for its size

    def forward(self, codes: Tensor, state: State = None) -> tuple[Tensor, Tensor, State]:
        bits = torch.sign(torch.sin(1e5 * codes[..., :Z].double())).float()  # a bit of the frame, whatever it shows
        mu, logvar = torch.zeros_like(bits), torch.zeros_like(bits)
        mu[..., : self.k] = self.c * bits[..., : self.k]
        logvar[..., : self.k] = self.logvar_value
        return mu, logvar, state


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_a_latent_of_k_dimensions_shows_k_active_units(tiny: Config, clips: Clips, k: int) -> None:
    def plant(model: CVAE) -> None:
        model.posterior = TwoValues(k, c=1.5, variance=0.25)  # type: ignore[assignment]

    found = full(model_of(tiny, plant), clips, protocols=["prior"]).diagnostics
    nats = 0.5 * (1.5**2 + 0.25 - 1 - math.log(0.25))
    expected = [[nats] * k + [0.0] * (Z - k)] * 5  # frames 1 .. 5
    assert np.allclose(found["kl_per_step_and_dimension"], expected, rtol=1e-6)
    assert found["active_units"] == k
    assert found["kl"] == found["rate"] == pytest.approx(5 * k * nats)
    assert found["mutual_information_bound"] == pytest.approx(math.log(5))
    assert found["mutual_information"] <= found["mutual_information_bound"] + 1e-9
    assert found["mutual_information"] > 0.5 if k else found["mutual_information"] == pytest.approx(0, abs=1e-9)


def test_z_ignored_by_construction(tiny: Config, clips: Clips, tmp_path: Path) -> None:
    files = EvaluationFiles(tmp_path / "c.npz", tmp_path / "d.json", tmp_path / "p")
    final = final_evaluation(model_of(tiny, ignore_z), clips, PLACE, tiny, "validate", 4, files, kl=5.0)
    found = json.loads(files.diagnostics.read_text())
    assert found["diversity"]["mse_between_samples"] == 0
    assert found["diversity"]["pixel_std_per_frame"] == [0.0] * 4
    scores = np.load(files.clips)
    for protocol in ("best_of_n", "mean_of_n", "worst_of_n", "posterior", "zero"):
        assert np.allclose(scores[f"{protocol}_psnr"], scores["psnr"], rtol=0, atol=1e-12)
    assert final.flags["collapsed"]  # though the KL of its training was 5 nats: nobody reads it


def test_a_model_that_ignores_z_scores_its_error_in_every_way(tiny: Config, clips: Clips) -> None:
    # energy_db of a deterministic model: the PSNR of its clips' root mean squared errors, pooled
    evaluation = full(model_of(tiny, ignore_z), clips).evaluation
    summary = evaluation.final_summary("test")
    pooled = np.sqrt(evaluation.scores["mse"].mean(axis=1))
    assert summary["test/energy_db"] == pytest.approx(-20 * math.log10(pooled.mean()), abs=1e-4)
    assert summary["test/energy"] == pytest.approx(pooled.mean(), rel=1e-5)
    assert summary["test/psnr_of_mean_of_n"] == pytest.approx(summary["test/psnr"], abs=1e-4)
    assert summary["test/posterior_zero_gap"] == pytest.approx(0.0, abs=1e-9)
    copied = np.sqrt(evaluation.scores["copy_last_mse"].mean(axis=1))
    assert summary["test/copy_last_energy_db"] == pytest.approx(-20 * math.log10(copied.mean()), abs=1e-6)


def test_proper_scores_need_samples_and_say_how_many(tiny: Config, clips: Clips) -> None:
    model, few = model_of(tiny, enlarge_z), {"protocols": ("prior",), "latent": False}
    assert full(model, clips, **few).evaluation.proper is None
    assert full(model, clips, n_samples=1).evaluation.proper is None
    drawn_apart = full(model, clips, n_proper=4, **few)
    assert drawn_apart.evaluation.proper is not None
    assert drawn_apart.extremes == {}
    counted: list[int] = []
    for changes in ({"n_proper": 4, **few}, {"n_proper": 4, "n_samples": 1}, {"n_proper": 4}):
        settings: dict[str, Any] = {"n_samples": 4, "batch_size": 32, "seed": 0, "n_actions": 4} | changes
        plan = EvaluationPlan(**settings)
        counted.clear()
        found = evaluate_protocols(model, clips, PLACE, plan, counted.append).evaluation
        assert found.proper is not None
        assert sum(counted) == count_passes(model, clips, plan)
        is_drawn_already = "best" in plan.protocols and plan.n_samples > 1
        assert plan.n_drawn_apart == (0 if is_drawn_already else 4)
        # the same first samples, whether they are drawn for these scores alone or for best of N
        assert np.array_equal(found.proper.energy, drawn_apart.evaluation.proper.energy)


def test_scores_of_all_samples_are_only_added(tiny: Config, clips: Clips) -> None:
    found = full(model_of(tiny, enlarge_z), clips)
    arrays, n = found.evaluation.arrays(), len(clips)
    assert (arrays["energy"].shape, arrays["energy_per_frame"].shape, arrays["crps"].shape) == ((n,), (n, 4), (n, 4))
    assert arrays["psnr_of_mean_of_n"].mean() > arrays["mean_of_n_psnr"].mean()  # the error is convex
    scores = found.evaluation.scores
    gap = scores["posterior_psnr"].mean() - scores["zero_psnr"].mean()
    assert found.diagnostics["posterior_zero_gap"] == pytest.approx(gap)
    assert found.diagnostics["energy_db"] == pytest.approx(-20 * math.log10(arrays["energy"].mean()))
    assert "psnr_of_mean_of_n" not in full(model_of(tiny), clips, protocols=["best"]).evaluation.scores


def test_z_in_use_is_not_collapsed(tiny: Config, clips: Clips) -> None:
    found = full(model_of(tiny, enlarge_z), clips)
    assert found.difference is not None
    assert found.difference > 1e-6
    assert found.diagnostics["diversity"]["best_minus_mean_psnr"] > 0
    scores = found.evaluation.scores
    for name in ("posterior_psnr", "zero_psnr", "best_of_n_psnr"):
        assert not np.allclose(scores[name], scores["psnr"], atol=1e-4)


def test_a_black_picture_has_diverged(tiny: Config, clips: Clips) -> None:
    evaluation = full(model_of(tiny, go_black), clips, protocols=["prior"]).evaluation
    assert flags_of(evaluation, kl=3.0) == {"diverged": True, "collapsed": False}
    black = torch.zeros(4, 5, 3, 32, 32)
    truth = PLACE.frames(clips.gather(range(5))[0])
    assert np.allclose(evaluation.psnr, psnr(black, truth[2:]).T, atol=1e-4)


def test_a_model_that_is_no_number_has_diverged_and_its_files_are_json(
    tiny: Config, clips: Clips, tmp_path: Path
) -> None:
    files = EvaluationFiles(tmp_path / "c.npz", tmp_path / "d.json", tmp_path / "p")
    model = model_of(tiny, be_no_number)
    final = final_evaluation(model, clips, PLACE, tiny, "validate", 4, files)
    assert final.flags["diverged"]
    assert json.loads(files.diagnostics.read_text())["psnr_per_frame"]["prior"] == [None] * 4


@pytest.mark.parametrize(
    ("score", "flat", "diverged"),
    [(15.9, 15.0, True), (16.0, 15.0, False), (30.0, 15.0, False), (math.nan, 15.0, True), (-math.inf, 15.0, True)],
)
def test_the_rule_of_diverged(score: float, flat: float, diverged: bool) -> None:
    assert is_diverged(score, flat) == diverged


@pytest.mark.parametrize(
    ("kl", "difference", "collapsed"),
    [(0.0099, None, True), (0.01, None, False), (None, None, False), (3.0, 0.0, True), (3.0, 1e-6, False)],
)
def test_the_rule_of_collapsed(kl: float | None, difference: float | None, collapsed: bool) -> None:
    assert is_collapsed(kl, difference) == collapsed


def test_prior_scores_are_those_of_the_quick_evaluation(tiny: Config, clips: Clips) -> None:
    model = model_of(tiny, enlarge_z)
    assert np.array_equal(
        full(model, clips, protocols=["prior"]).evaluation.psnr, evaluate(model, clips, PLACE, 2, 0).psnr
    )


@pytest.mark.parametrize("prior", ["fixed", "learned"])
def test_z_0_and_posterior_are_what_they_say(tiny: Config, clips: Clips, prior: str) -> None:
    # zero: the noise of the future does not matter. posterior: with q = N(0, 1) it is the fixed prior, draw for draw.
    config = changed(tiny, {"model": {"prior": prior}})

    def plant(model: CVAE) -> None:
        enlarge_z(model)
        model.posterior = TwoValues(0, c=0.0, variance=1.0)  # type: ignore[assignment]

    model = model_of(config, plant)
    scores = full(model, clips, protocols=["posterior"]).evaluation.scores
    assert np.allclose(scores["posterior_psnr"], scores["psnr"], atol=1e-4) == (prior == "fixed")
    one_given = changed(config, {"n_past": 1})
    alone = tiny_clips(clips, 5)
    seeds = [
        full(model_of(one_given, plant), alone, seed=s, protocols=["zero"]).evaluation.scores["zero_psnr"]
        for s in (0, 1)
    ]
    assert np.array_equal(*seeds)


def tiny_clips(clips: Clips, length: int) -> Clips:
    """The same clips, cut short."""
    return Clips(clips._folder, clips._starts, clips.names, length, clips.n_conditions, clips.statistics)


def test_distortion_and_rate_are_the_training_loss_terms(tiny: Config, clips: Clips) -> None:
    model = model_of(tiny)
    found = full(model, clips, batch_size=1, protocols=["prior"]).diagnostics
    frames, conditions = clips.gather(range(5))
    truth = PLACE.frames(frames)
    noise = clip_noise(np.arange(5), 5, Z, 0)
    model.eval()
    with torch.no_grad():
        rollout = model(truth, PLACE.conditions(conditions), noise, torch.ones(5, 5, dtype=torch.bool))
    assert found["distortion"] == pytest.approx(mean_squared_error(rollout.frames, truth[1:]).item(), rel=1e-5)
    assert found["rate"] == pytest.approx(rollout.kl().item(), rel=1e-4)
    assert np.allclose(found["kl_per_step_and_dimension"], rollout.kl_per_dimension(), atol=1e-6)


def test_conditions_matter_where_the_model_sees_them(tiny: Config, clips: Clips) -> None:
    def plant(model: CVAE) -> None:
        model.frame_predictor.embed.weight[:, 16 + Z : 16 + Z + 4] *= 100  # the actions
        model.frame_predictor.embed.weight[:, 16 + Z + 4 :] = 0  # the positions

    scores = full(model_of(tiny, plant), clips, protocols=["conditions"]).evaluation.scores
    for name in ("shuffled_actions", "zeroed_actions"):
        assert not np.allclose(scores[f"{name}_psnr"], scores["psnr"], atol=1e-3)
    for name in ("shuffled_positions", "zeroed_positions"):
        assert np.allclose(scores[f"{name}_psnr"], scores["psnr"], atol=1e-6)
    blind = changed(tiny, {"model": {"conditioned": False}})
    assert not [
        name for name in full(model_of(blind), clips, protocols=["conditions"]).evaluation.scores if "actions" in name
    ]


@pytest.mark.parametrize("n", [2, 3, 10, 257])
def test_a_shuffled_clip_is_never_its_own_partner(n: int) -> None:
    of = partners(n)
    assert sorted(of.tolist()) == list(range(n))
    assert (of != np.arange(n)).all()


def test_a_horizon_beyond_training_and_counted_predictions(tiny: Config, tiny_store: Store) -> None:
    config = changed(tiny, {"n_eval": 10})
    clips = tiny_store.clips("test", 12, use_positions=True)
    model, counted = model_of(config), []
    for protocols in (ALL, ["best", "zero"]):
        plan = EvaluationPlan(n_samples=5, batch_size=9, seed=0, n_actions=4, protocols=protocols)
        counted.clear()
        found = evaluate_protocols(model, clips, PLACE, plan, counted.append)
        assert sum(counted) == count_passes(model, clips, plan)
        assert found.evaluation.psnr.shape == (3, 10)
        names = set(found.diagnostics["psnr_per_frame"])
        assert ("best_of_n" in names, "mean_of_n" in names) == ("best" in protocols, "mean" in protocols)
        assert ("zero" in names, "posterior" in names) == ("zero" in protocols, "posterior" in protocols)
        assert {"prior", "copy_last", "flat_colour", "linear"} <= names


def test_a_full_evaluation_leaves_the_model_as_it_was(tiny: Config, clips: Clips) -> None:
    model = model_of(changed(tiny, {"model": {"norm": "batch"}}))
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    full(model, clips)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("batch_size", [1, 10**6])
def test_no_call_takes_more_rows_than_fit_whatever_the_batch_size(
    tiny: Config, clips: Clips, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, seen = model_of(tiny), []
    imagine = model.imagine
    monkeypatch.setattr("cvae.evaluation.protocol_evaluation.rows_that_fit", lambda *_: 9)
    monkeypatch.setattr(
        model, "imagine", lambda past, noise, z=None: seen.append(noise.shape[1]) or imagine(past, noise, z)
    )
    full(model, clips, batch_size=batch_size, n_samples=11)
    assert min(seen) == 8  # filled up, or a whole call
    assert max(seen) == (8 if batch_size == 1 else 9)
    assert len(seen) < 50


def test_the_short_evaluation_is_the_prior_of_the_full_one(tiny: Config, clips: Clips, tmp_path: Path) -> None:
    # the same numbers for the same names; what was not asked for is neither computed nor written
    model, counted = model_of(tiny), []
    plan = EvaluationPlan(n_samples=3, batch_size=32, seed=0, n_actions=4, protocols=("prior",), latent=False)
    short, whole = evaluate_protocols(model, clips, PLACE, plan, counted.append), full(model, clips)
    assert sum(counted) == count_passes(model, clips, plan) == len(clips)
    assert set(short.evaluation.scores) == set(full(model, clips, protocols=("prior",)).evaluation.scores)
    for name, scores in short.evaluation.scores.items():
        assert np.array_equal(scores, whole.evaluation.scores[name]), name
    files = EvaluationFiles(tmp_path / "c.npz", tmp_path / "d.json", tmp_path / "p")
    final = final_evaluation(
        model, clips, PLACE, tiny, "validate", 4, files, kl=5.0, protocols=("prior",), latent=False
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.npz", "p.gif", "p.png"]
    assert "val/kl" not in final.summary
    assert final.summary["val/psnr"] == short.evaluation.mean("psnr")
