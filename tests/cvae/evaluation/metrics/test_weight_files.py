"""LPIPS and FVD from a user's own files: right where they fit, refused where they do not."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cvae.config.schema import Config
from cvae.data.store.store import Store
from cvae.device import Accelerator
from cvae.errors import InputError
from cvae.evaluation.metrics.fvd import N_FEATURES, frechet_distance, load_fvd
from cvae.evaluation.metrics.lpips import load_lpips
from cvae.evaluation.metrics.perceptual import load_perceptual
from cvae.model.build import build_model
from cvae.run.final_evaluation import EvaluationFiles, final_evaluation
from tests.conftest import changed

CPU = torch.device("cpu")


def lpips_file(path: Path, kind: str) -> nn.Module:
    """Write a weight file as docs/evaluation.md says, its backbone random, and return the package's own metric."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package itself
        import lpips

        torch.manual_seed(0)
        reference: nn.Module = lpips.LPIPS(net=kind, pnet_rand=True, verbose=False)
    torch.save(reference.state_dict(), path)
    return reference


SLOW = pytest.mark.slow  # the package draws millions of weights


@pytest.mark.parametrize(
    ("kind", "size"), [("alex", 32), pytest.param("alex", 64, marks=SLOW), pytest.param("vgg", 32, marks=SLOW)]
)
def test_lpips_equals_its_package(kind: str, size: int, tmp_path: Path) -> None:
    reference = lpips_file(tmp_path / "w.pt", kind)
    ours = load_lpips(str(tmp_path / "w.pt"), CPU)
    x, y = torch.rand(2, 3, 3, size, size, generator=torch.Generator().manual_seed(1))
    expected = reference(x, y, normalize=True).flatten().tolist()
    assert ours(x, y).tolist() == pytest.approx(expected, rel=1e-5)
    assert ours(x, x).tolist() == [0.0] * 3
    assert ours(x[:, None], y[:1]).shape == (3, 1)  # broadcast, as every metric


def i3d_file(path: Path, n_features: int = N_FEATURES) -> None:
    """Write a TorchScript module with I3D's signature; its features are the last pixels, of a predicted frame."""

    class LastPixels(nn.Module):
        def __init__(self, n: int) -> None:
            super().__init__()
            self.n = n

        def forward(self, x: Tensor, rescale: bool, resize: bool, return_features: bool) -> Tensor:
            return x.flatten(1)[:, -self.n :] / 255.0

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(LastPixels(n_features)).save(str(path))


def test_the_frechet_distance_of_normal_distributions() -> None:
    # of N(0, 1) and N(3, 4) in one dimension: 9 + (1 - 2)^2; independent dimensions add up
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200_000, 2))
    assert frechet_distance(x, x * [2.0, 1.0] + [3.0, 0.5]) == pytest.approx(9 + 1 + 0.25, rel=0.02)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_fvd_compares_true_and_predicted_videos(tmp_path: Path) -> None:
    i3d_file(tmp_path / "i3d.pt")
    truth = torch.rand(10, 6, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    perfect, dark = (load_fvd(str(tmp_path / "i3d.pt"), CPU) for _ in range(2))
    for rows in (slice(0, 4), slice(4, 6)):
        perfect.add(truth[:, rows], truth[2:, rows])
        dark.add(truth[:, rows], truth[2:, rows] * 0)
    assert perfect.distance() == pytest.approx(0, abs=1e-3)
    assert dark.distance() > 1


def test_what_is_not_i3d_is_not_called_fvd(tmp_path: Path) -> None:
    truth = torch.rand(10, 2, 3, 16, 16)
    i3d_file(tmp_path / "small.pt", 12)
    with pytest.raises(InputError, match=r"small.pt gives \(2, 12\) for 2 videos; .* 400 features"):
        load_fvd(str(tmp_path / "small.pt"), CPU).add(truth, truth[2:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(nn.Linear(2, 2)).save(str(tmp_path / "linear.pt"))
    with pytest.raises(InputError, match=r"linear.pt cannot be called as I3D"):
        load_fvd(str(tmp_path / "linear.pt"), CPU).add(truth, truth[2:])
    i3d_file(tmp_path / "i3d.pt")
    with pytest.raises(InputError, match="clips have 6 frames; I3D needs at least 10"):
        load_fvd(str(tmp_path / "i3d.pt"), CPU).add(truth[:6], truth[2:6])


@pytest.mark.parametrize("key", ["lpips", "fvd"])
def test_files_that_do_not_fit_are_refused(tiny: Config, key: str, tmp_path: Path) -> None:
    def load(path: Path) -> None:
        load_perceptual(changed(tiny, {"evaluation": {key: str(path)}}).evaluation, CPU)

    with pytest.raises(InputError, match=rf"evaluation.{key}: .*none.pt is not a file; nothing is downloaded"):
        load(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(InputError, match=rf"evaluation.{key}: .*text.pt is not a readable"):
        load(tmp_path / "text.pt")
    torch.save({"net.slice1.0.weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match=rf"evaluation.{key}: .*other.pt"):
        load(tmp_path / "other.pt")


@pytest.mark.slow
def test_a_full_evaluation_takes_both(tiny: Config, tiny_store: Store, tmp_path: Path) -> None:
    lpips_file(tmp_path / "lpips.pt", "alex")
    i3d_file(tmp_path / "i3d.pt")
    keys = {"lpips": str(tmp_path / "lpips.pt"), "fvd": str(tmp_path / "i3d.pt")}
    config = changed(tiny, {"n_eval": 8, "evaluation": keys})
    clips = tiny_store.clips("test", 10, use_positions=True)
    files = EvaluationFiles(tmp_path / "c.npz", tmp_path / "d.json", tmp_path / "p")
    model = build_model(config, 7)
    final = final_evaluation(model, clips, Accelerator(CPU, False), config, "test", 4, files, protocols=["best"])
    assert np.load(files.clips)["best_of_n_lpips"].shape == (3, 8)
    assert np.load(files.clips)["copy_last_lpips"].shape == (3, 8)
    assert final.summary["test/fvd"] > 0
    assert '"weights_sha256": {"lpips": "' in files.diagnostics.read_text()
