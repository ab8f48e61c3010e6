"""The evaluation at the end of a run, or on demand: what a configuration asks for, and where its results go."""

import io
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cvae.config import Config, EvaluationConfig, Split
from cvae.console import new_console
from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation import (
    ALL,
    Advance,
    Evaluation,
    EvaluationPlan,
    Protocol,
    ProtocolEvaluation,
    count_passes,
    evaluate_protocols,
)
from cvae.evaluation.metrics import load_perceptual, sha256
from cvae.files import write_atomically
from cvae.model import CVAE
from cvae.record import PREFIXES, is_collapsed, is_diverged, make_flags
from cvae.visualization import beside, predicted_clips, save_kl_map, save_pictures, save_sample_pictures


@dataclass(frozen=True)
class FinalEvaluation:
    """What a final evaluation says."""

    summary: dict[str, Any]  # scalars and curves, by the split's prefix
    flags: dict[str, bool]
    scores: dict[str, float]  # means of everything in `clips.npz`


@dataclass(frozen=True)
class EvaluationFiles:
    """Where an evaluation writes."""

    clips: Path
    diagnostics: Path  # not written where the latent was not asked for
    pictures: Path  # stem


def files_beside(stem: Path) -> EvaluationFiles:
    """Return `STEM.npz`, `STEM.json` and the stem of the pictures."""
    return EvaluationFiles(beside(stem, ".npz"), beside(stem, ".json"), stem)


def final_evaluation(
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
    latent: bool = True,
    is_watched: bool = False,
) -> FinalEvaluation:
    """Evaluate every clip of a split and write scores, pictures and, with `latent`, what the latent says.

    `kl` is the training's last, nats a sequence: the flag `collapsed` is about the run, not about the split. Without it
    the split's own is taken.
    """
    e, perceptual = config.evaluation, load_perceptual(config.evaluation, accelerator.device)
    plan = EvaluationPlan(
        n_samples=e.best_of,
        batch_size=e.batch_size,
        seed=e.seed,
        n_actions=n_actions,
        n_pictured=e.n_samples,
        n_proper=e.energy_samples,
        protocols=[name for name in protocols if e.conditions or name != "conditions"],
        latent=latent,
        metrics=perceptual.metrics,
        fvd=perceptual.fvd if latent else None,
    )
    with _bar(count_passes(model, clips, plan), is_watched) as advance:
        result = evaluate_protocols(model, clips, accelerator, plan, advance)
    flags = flags_of(result.evaluation, result.diagnostics.get("kl") if kl is None else kl, result.difference)
    save_clips(result.evaluation, files.clips)
    if latent:
        head = {"split": split, "n_past": config.n_past, "n_eval": config.n_eval, "seed": e.seed, "flags": flags}
        save_diagnostics(head | result.diagnostics | _weights_used(e), files.diagnostics)
        save_kl_map(result, config.n_past, flags, files.pictures)
    if result.extremes:
        save_sample_pictures(result, flags, files.pictures)
    else:
        save_pictures(predicted_clips(model, clips, e.n_samples, accelerator, e.seed), files.pictures)
    return FinalEvaluation(_summary(result, PREFIXES[split], len(clips)), flags, result.evaluation.means())


def _weights_used(config: EvaluationConfig) -> dict[str, dict[str, str]]:
    """Return the SHA-256 of the weight files that a configuration names, as `diagnostics.json` holds them."""
    weights = {key: sha256(Path(file)) for key in ("lpips", "fvd") if (file := getattr(config, key)) is not None}
    return {"weights_sha256": weights} if weights else {}


def _summary(result: ProtocolEvaluation, prefix: str, n_clips: int) -> dict[str, Any]:
    d = result.diagnostics
    keys = ("kl", "active_units", "mutual_information", "distortion", "fvd")
    latent = {f"{prefix}/{key}": d[key] for key in keys if key in d}
    if "diversity" in d:
        latent[f"{prefix}/mse_between_samples"] = d["diversity"]["mse_between_samples"]
    return result.evaluation.final_summary(prefix) | latent | {"n_clips": n_clips}


def flags_of(evaluation: Evaluation, kl: float | None, difference: float | None = None) -> dict[str, bool]:
    """Return a run's flags by its last evaluation.

    Args:
        evaluation: its scores.
        kl: nats a sequence.
        difference: mean squared difference of two samples of a clip, where they were drawn.
    """
    diverged = is_diverged(evaluation.mean("psnr"), evaluation.mean("flat_colour_psnr"))
    return make_flags(diverged=diverged, collapsed=is_collapsed(kl, difference))


@contextmanager
def _bar(total: int, is_watched: bool) -> Iterator[Advance]:
    """Show how far the evaluation is and the time that is left, on standard error, for a person who waits."""
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
    with Progress(*columns, console=new_console(stderr=True), disable=not is_watched) as progress:
        task = progress.add_task("evaluating", total=total)
        yield lambda n: progress.advance(task, n)


def save_clips(evaluation: Evaluation, path: Path) -> None:
    """Write the scores of every clip and frame: `name` and an array for each score."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **evaluation.arrays())  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def save_diagnostics(values: Mapping[str, Any], path: Path) -> None:
    """Write diagnostics as JSON."""
    write_atomically(path, (json.dumps(values, allow_nan=False) + "\n").encode())
