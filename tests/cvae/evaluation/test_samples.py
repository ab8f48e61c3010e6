"""Many samples of a clip: their noise, their scores, and that nothing but (seed, clip, sample) moves them."""

import numpy as np
import pytest
import torch

from cvae.config.schema import Config
from cvae.data.store.clips import Clips
from cvae.data.store.store import Store
from cvae.device import Accelerator
from cvae.evaluation.clip_batches import MIN_ROWS, in_evaluation, predict_clips, rows_that_fit
from cvae.evaluation.metrics.image_metrics import METRICS, FrameMetric, psnr, score_frames
from cvae.evaluation.metrics.proper_scores import MOST_SAMPLES, score_samples
from cvae.evaluation.samples import Ensemble, Extremes, Samples, Spread, sample_many
from cvae.evaluation.validation import evaluate
from cvae.model.build import build_model
from cvae.model.codec import Codec
from cvae.model.cvae import CVAE
from cvae.random_streams import clip_noise

CPU = torch.device("cpu")
PSNR: dict[str, FrameMetric] = {"psnr": psnr}


@pytest.fixture(scope="module")
def clips(tiny: Config, tiny_store: Store) -> Clips:
    return tiny_store.clips("validate", tiny.n_past + tiny.n_eval, use_positions=True)


@pytest.fixture(scope="module")
def model(tiny: Config) -> CVAE:
    """An untrained model whose z matters: the predictor's weights on it are enlarged."""
    made = build_model(tiny, 7)
    with torch.no_grad():
        made.frame_predictor.embed.weight[:, 16:19] *= 100
    return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def draw(model: CVAE, clips: Clips, n: int, rows: int = 32, metrics: dict[str, FrameMetric] = PSNR) -> Samples:
    with in_evaluation(model):
        return sample_many(model, clips, Accelerator(CPU, False), n, rows, 0, metrics, np.array([0, 3]), lambda n: None)


def test_noise_belongs_to_clip_and_sample() -> None:
    clips = np.arange(4)
    first, second = (clip_noise(clips, 3, 2, seed=1, sample=k) for k in (0, 1))
    assert torch.equal(first, clip_noise(clips, 3, 2, seed=1))  # sample 0 is the one that training looks at
    assert not torch.equal(first, second)
    assert torch.equal(second[:, 2:3], clip_noise(np.array([2]), 3, 2, seed=1, sample=1))
    assert not torch.equal(second[:, 1], clip_noise(np.array([2]), 3, 2, seed=1, sample=0)[:, 0])


@pytest.mark.parametrize("bf16", [False, True])
def test_a_score_depends_neither_on_the_batch_size_nor_on_the_order(model: CVAE, clips: Clips, bf16: bool) -> None:
    # Exactly so on this CPU, because no call has fewer than MIN_ROWS rows (docs/evaluation.md).
    accelerator = Accelerator(CPU, bf16)
    scores = [evaluate(model, clips, accelerator, size, 0, METRICS).scores for size in (1, 7, 64)]
    assert len(clips) == 5
    for other in scores[1:]:
        assert {name for name in other if not np.allclose(scores[0][name], other[name], rtol=0, atol=1e-12)} == set()
        assert np.array_equal(scores[0]["psnr"], other["psnr"])
    for order in ([4, 2, 0, 3, 1], [3], [1, 1, 4]):
        batch = predict_clips(model, clips, np.array(order), accelerator, 0)
        assert np.array_equal(psnr(batch.predicted, batch.truth[2:]).T.numpy(), scores[0]["psnr"][order])


def test_samples_are_the_same_however_they_are_chunked(model: CVAE, clips: Clips) -> None:
    whole = draw(model, clips, 9, rows=64)
    for rows in (6, 20):
        other = draw(model, clips, 9, rows=rows)
        assert np.array_equal(whole.scores["psnr"], other.scores["psnr"])
        assert np.allclose(whole.variance, other.variance, rtol=1e-5)


@pytest.mark.parametrize("bf16", [False, True])
def test_proper_scores_depend_on_neither_batches_nor_later_samples(model: CVAE, clips: Clips, bf16: bool) -> None:
    # Exactly so: the first 16 samples of a clip are compared, and no clip with another.
    accelerator, kept = Accelerator(CPU, bf16), np.array([0])
    found = []
    with in_evaluation(model), accelerator.autocast():
        for n, rows in ((16, 8), (16, 64), (16, 500), (19, 7), (40, 64)):
            drawn = sample_many(model, clips, accelerator, n, rows, 0, PSNR, kept, lambda n: None)
            assert drawn.proper is not None
            found.append(drawn.proper.arrays())
    assert {name: values.shape for name, values in found[0].items()} == {
        "energy": (5,), "energy_per_frame": (5, 4), "crps": (5, 4)
    }  # fmt: skip
    for other in found[1:]:
        assert all(np.array_equal(other[name], found[0][name]) for name in found[0])


def test_proper_scores_are_those_of_the_samples(model: CVAE, clips: Clips) -> None:
    drawn = draw(model, clips, 3)
    alone = evaluate(model, clips, Accelerator(CPU, False), 32, 0, n_samples=8).proper
    assert drawn.proper is not None
    assert alone is not None
    assert not np.allclose(alone.energy, drawn.proper.energy, rtol=1e-6)  # 8 samples and not 3
    for i in range(len(clips)):
        truth = Accelerator(CPU, False).frames(clips.gather([i])[0])
        frames = []
        for k in range(3):
            noise = clip_noise(np.array([i]), 5, model.z_dim, 0, k)
            conditions = Accelerator(CPU, False).conditions(clips.gather([i])[1])
            with in_evaluation(model):
                frames.append(model.predict(truth[:2], conditions, noise))
        by_itself = score_samples(torch.stack(frames, dim=2), truth[2:])
        assert drawn.proper.energy[i] == pytest.approx(by_itself.energy[0], rel=1e-4)
        assert drawn.of_n()["psnr_of_mean_of_n"][i] == pytest.approx(
            psnr(torch.stack(frames).mean(dim=0), truth[2:])[:, 0].numpy(), abs=1e-4
        )


def test_a_single_sample_has_no_proper_score(model: CVAE, clips: Clips) -> None:
    assert draw(model, clips, 1).proper is None


def test_no_more_samples_are_kept_than_are_compared() -> None:
    frames, together = torch.rand(2, 3, 10, 3, 4, 4), Ensemble()
    for _ in range(5):
        together.add(frames)
    held = sum(part.untyped_storage().nbytes() for part in together.compared)
    assert held == MOST_SAMPLES * frames[:, :, 0].numel() * 4
    assert together.spread.n == 50


def test_every_sample_equals_a_prediction_by_itself(model: CVAE, clips: Clips) -> None:
    drawn = draw(model, clips, 3)
    accelerator = Accelerator(CPU, False)
    with in_evaluation(model):
        for i in range(len(clips)):
            frames, conditions = clips.gather([i])
            truth = accelerator.frames(frames)
            for k in range(3):
                noise = clip_noise(np.array([i]), 5, model.z_dim, 0, k)
                alone = model.predict(truth[:2], accelerator.conditions(conditions), noise)
                expected = score_frames(PSNR, alone, truth[2:])["psnr"][:, 0].numpy()
                assert np.allclose(drawn.scores["psnr"][i, k], expected, atol=1e-4)
    assert not np.allclose(drawn.scores["psnr"][:, 0], drawn.scores["psnr"][:, 1], atol=1e-3)


def test_sample_0_is_the_one_that_training_looks_at(model: CVAE, clips: Clips) -> None:
    scores = evaluate(model, clips, Accelerator(CPU, False), 32, 0).psnr
    assert np.array_equal(draw(model, clips, 4).scores["psnr"][:, 0], scores)


def test_best_grows_with_n_and_the_mean_stays(model: CVAE, clips: Clips) -> None:
    drawn = draw(model, clips, 24, metrics=METRICS)
    best, mean, worst = [], [], []
    for n in (1, 2, 6, 24):
        of_n = Samples({k: v[:, :n] for k, v in drawn.scores.items()}, drawn.variance, {}).of_n()
        best.append(of_n["best_of_n_psnr"].mean())
        mean.append(of_n["mean_of_n_psnr"].mean())
        worst.append(of_n["worst_of_n_psnr"].mean())
        assert (of_n["best_of_n_mse"].mean(axis=1) <= of_n["mean_of_n_mse"].mean(axis=1) + 1e-12).all()
    assert best == sorted(best)
    assert best[-1] > best[0]
    assert worst == sorted(worst, reverse=True)
    per_clip = drawn.scores["psnr"].mean(axis=2)
    standard_error = np.sqrt((per_clip.var(axis=1, ddof=1) / 6).mean() / len(clips))
    assert abs(mean[2] - mean[3]) < 3 * standard_error  # of a mean over 6 samples


def test_best_of_n_by_hand() -> None:
    # clip 0: sample 1 has the best mean (5 of 1, 9 -> 5 against 4) though sample 0 has a better first frame
    psnr_values = np.array([[[4.0, 4.0], [1.0, 9.0]], [[7.0, 3.0], [np.nan, 9.0]]])
    of_n = Samples({"psnr": psnr_values, "mse": -psnr_values}, np.zeros((2, 2)), {}).of_n()
    assert of_n["best_of_n_psnr"].tolist() == [[1.0, 9.0], [7.0, 3.0]]  # what is no number is worst
    assert of_n["worst_of_n_psnr"][0].tolist() == [4.0, 4.0]
    assert of_n["best_of_n_mse"][0].tolist() == [-1.0, -9.0]  # the smaller error is the better
    assert of_n["mean_of_n_psnr"][0].tolist() == [2.5, 6.5]


def test_spread_is_the_unbiased_variance_and_exactly_zero_for_equal_samples() -> None:
    frames = torch.rand(2, 3, 7, 3, 4, 4, generator=torch.Generator().manual_seed(2))
    spread = Spread()
    spread.add(frames[:, :, :5])
    spread.add(frames[:, :, 5:])
    assert torch.allclose(spread.variance(), frames.var(dim=2), atol=1e-6)
    assert torch.allclose(spread.mean(), frames.mean(dim=2), atol=1e-6)
    equal = Spread()
    equal.add(frames[:, :, :1].expand(-1, -1, 7, -1, -1, -1))
    assert equal.variance().abs().max() == 0


def test_the_pictures_are_of_the_best_and_the_worst_sample(model: CVAE, clips: Clips) -> None:
    drawn = draw(model, clips, 6)
    assert set(drawn.extremes) == {0, 3}
    for i, of in drawn.extremes.items():
        scores = drawn.scores["psnr"][i].mean(axis=1)
        assert isinstance(of, Extremes)
        assert of.best is not None
        assert of.worst is not None
        assert psnr(of.best, of.truth[2:]).mean().item() == pytest.approx(scores.max(), abs=1e-6)
        assert psnr(of.worst, of.truth[2:]).mean().item() == pytest.approx(scores.min(), abs=1e-6)


def test_the_past_is_encoded_once_for_all_samples_of_a_clip(
    model: CVAE, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = []
    encode = Codec.encode
    monkeypatch.setattr(Codec, "encode", lambda codec, past: encoded.append(past.shape[1]) or encode(codec, past))
    draw(model, clips, 17, rows=8)  # three calls a clip
    assert len(encoded) == len(clips)


def test_chunks_are_bounded_by_memory_and_never_too_small() -> None:
    assert rows_that_fit(frame_bytes=10**6, horizon=10, image_size=64, budget=10**9) < 1000
    assert rows_that_fit(frame_bytes=10**6, horizon=100, image_size=64, budget=10**9) < rows_that_fit(
        frame_bytes=10**6, horizon=10, image_size=64, budget=10**9
    )
    assert rows_that_fit(frame_bytes=10**12, horizon=10, image_size=64) == MIN_ROWS
