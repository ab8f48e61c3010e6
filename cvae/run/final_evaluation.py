"""The evaluation at the end of a run, or on demand: what a configuration asks for, and where its results go."""

import io
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cvae.config import Config, Split
from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation import (
    ALL,
    Advance,
    Evaluation,
    EvaluationPlan,
    FullEvaluation,
    Protocol,
    count_passes,
    evaluate,
    evaluate_protocols,
)
from cvae.evaluation.metrics import METRICS, FrameMetric, Fvd, load_fvd, load_lpips, sha256
from cvae.files import write_atomically
from cvae.model import CVAE
from cvae.record import PREFIXES, is_collapsed, is_diverged, make_flags
from cvae.visualization import beside, sample_clips, save_full_pictures, save_pictures


@dataclass(frozen=True)
class FinalEvaluation:
    """What a final evaluation says."""

    summary: dict[str, Any]  # scalars and curves, by the split's prefix
    flags: dict[str, bool]
    scores: dict[str, float]  # means of everything in `clips.npz`


@dataclass(frozen=True)
class Perceptual:
    """The metrics that need the user's own weight files."""

    lpips: FrameMetric | None
    fvd: Fvd | None

    @property
    def metrics(self) -> dict[str, FrameMetric]:
        """Every metric of a frame."""
        return METRICS | ({} if self.lpips is None else {"lpips": self.lpips})


def load_perceptual(config: Config, device: torch.device) -> Perceptual:
    """Load the weight files that a configuration names: at the start of a run, not after days of training.

    Raises:
        InputError: a file is absent or holds something else.
    """
    e = config.evaluation
    return Perceptual(
        None if e.lpips is None else load_lpips(e.lpips, device), None if e.fvd is None else load_fvd(e.fvd, device)
    )


def evaluate_finally(
    model: CVAE, clips: Clips, accelerator: Accelerator, config: Config, kl: float, clips_file: Path, pictures: Path
) -> FinalEvaluation:
    """Score every clip from the prior, draw a few, and write both; `kl` is the training's, nats a sequence."""
    e = config.evaluation
    metrics = load_perceptual(config, accelerator.device).metrics
    evaluation = evaluate(model, clips, accelerator, e.batch_size, e.seed, metrics)
    save_clips(evaluation, clips_file)
    save_pictures(sample_clips(model, clips, e.n_samples, accelerator, e.seed), pictures)
    flags = flags_of(evaluation, kl)
    summary = evaluation.final_summary(PREFIXES[e.final_split]) | {"n_clips": len(clips)}
    return FinalEvaluation(summary, flags, evaluation.means())


def flags_of(evaluation: Evaluation, kl: float | None, difference: float | None = None) -> dict[str, bool]:
    """Return a run's flags by its last evaluation.

    Args:
        evaluation: its scores.
        kl: nats a sequence.
        difference: mean squared difference of two samples of a clip, where they were drawn.
    """
    diverged = is_diverged(evaluation.mean("psnr"), evaluation.mean("flat_colour_psnr"))
    return make_flags(diverged=diverged, collapsed=is_collapsed(kl, difference))


@dataclass(frozen=True)
class EvaluationFiles:
    """Where a full evaluation writes."""

    clips: Path
    diagnostics: Path
    pictures: Path  # stem


def evaluate_fully(
    model: CVAE,
    clips: Clips,
    accelerator: Accelerator,
    config: Config,
    split: Split,
    n_actions: int,
    files: EvaluationFiles,
    *,
    kl: float | None = None,
    protocols: Collection[Protocol] = ALL,
    is_watched: bool = False,
) -> FinalEvaluation:
    """Evaluate in full and write scores, diagnostics and pictures.

    `kl` is the training's last, nats a sequence: the flag `collapsed` is about the run, not about the split. Without it
    the split's own is taken.
    """
    e, perceptual = config.evaluation, load_perceptual(config, accelerator.device)
    plan = EvaluationPlan(
        n_samples=e.best_of,
        batch_size=e.batch_size,
        seed=e.seed,
        n_actions=n_actions,
        n_drawn=e.n_samples,
        protocols=[name for name in protocols if e.conditions or name != "conditions"],
        metrics=perceptual.metrics,
        fvd=perceptual.fvd,
    )
    with _bar(count_passes(model, clips, plan), is_watched) as advance:
        full = evaluate_protocols(model, clips, accelerator, plan, advance)
    d = full.diagnostics
    flags = flags_of(full.evaluation, d["kl"] if kl is None else kl, full.difference)
    weights = {key: sha256(Path(file)) for key in ("lpips", "fvd") if (file := getattr(e, key)) is not None}
    save_clips(full.evaluation, files.clips)
    head = {"split": split, "n_past": config.n_past, "n_eval": config.n_eval, "seed": e.seed, "flags": flags}
    save_diagnostics(head | d | ({"weights_sha256": weights} if weights else {}), files.diagnostics)
    save_full_pictures(full, config.n_past, flags, files.pictures)
    if not full.extremes:
        save_pictures(sample_clips(model, clips, e.n_samples, accelerator, e.seed), files.pictures)
    summary = _summary(full, PREFIXES[split]) | {"n_clips": len(clips)}
    return FinalEvaluation(summary, flags, full.evaluation.means())


def _summary(full: FullEvaluation, prefix: str) -> dict[str, Any]:
    d = full.diagnostics
    keys = ("kl", "active_units", "mutual_information", "distortion", "fvd")
    latent = {f"{prefix}/{key}": d[key] for key in keys if key in d}
    if "diversity" in d:
        latent[f"{prefix}/mse_between_samples"] = d["diversity"]["mse_between_samples"]
    return full.evaluation.final_summary(prefix) | latent


@contextmanager
def _bar(total: int, is_watched: bool) -> Iterator[Advance]:
    """Show how far the evaluation is and the time that is left, on standard error, for a person who waits."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TextColumn("predictions,"),
        TimeElapsedColumn(), TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), disable=not is_watched) as progress:
        task = progress.add_task("evaluating", total=total)
        yield lambda n: progress.advance(task, n)


def files_beside(stem: Path) -> EvaluationFiles:
    """Return `STEM.npz`, `STEM.json` and the stem of the pictures."""
    return EvaluationFiles(beside(stem, ".npz"), beside(stem, ".json"), stem)


def save_clips(evaluation: Evaluation, path: Path) -> None:
    """Write the scores of every clip and frame: `name` and an array for each score."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **evaluation.arrays())  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def save_diagnostics(values: Mapping[str, Any], path: Path) -> None:
    """Write diagnostics as JSON."""
    write_atomically(path, (json.dumps(values, allow_nan=False) + "\n").encode())
