"""What the pushing world hides, in words and numbers for people."""

from collections.abc import Iterator

import numpy as np
from rich.table import Table

from cvae.data.inspection import MEASURED_SIDE
from cvae.data.pushing import hidden_nats, mean_hidden_nats
from cvae.data.redrawn_futures import N_FUTURES, N_GIVEN, FutureScores, score_redrawn
from cvae.data.sources import PushingWorld


def hidden_report(world: PushingWorld, clip_length: int, image_size: int) -> Iterator[str | Table]:
    """Lines, and a table of what forecasters that know the world score on its clips of `clip_length` frames.

    Scores are of frames of at most 64 pixels; none where nothing is hidden or a clip has no future.
    """
    if not world.gate and not world.slip:
        yield "hidden: nothing; the future is a function of the start and the actions"
        return
    yield _format_known(world, clip_length)
    side = min(image_size, MEASURED_SIDE)
    scores = score_redrawn(world, clip_length, side)
    if scores is not None:
        yield _format_scope(scores, clip_length, side)
        yield _table(scores)


def _format_known(world: PushingWorld, clip_length: int) -> str:
    parts = []
    if world.gate:
        n_steps = clip_length - 1
        in_clip = hidden_nats(world.gate, n_steps).sum()
        parts.append(
            f"the lid hides {mean_hidden_nats(world.gate):.3f} nats a step in the long run, "
            f"{in_clip:.2f} in the {n_steps} steps from frame 0"
        )
    if world.slip:
        parts.append(f"slip {world.slip:g} hides an amount that is not known")
    return f"hidden: {'; '.join(parts)}"


def _format_scope(scores: FutureScores, clip_length: int, side: int) -> str:
    lead, error = scores.energy_lead
    return (
        f"frames {N_GIVEN} to {clip_length - 1} of {scores.n_clips} clips at {side}x{side} pixels, hidden noise "
        f"redrawn {N_FUTURES} times, start and actions kept; the sampler's energy score is lower by {1000 * lead:.1f} "
        f"(standard error {1000 * error:.1f})"
    )


def _table(scores: FutureScores) -> Table:
    table = Table("forecaster", "PSNR, dB", "energy score x1000", "the same, dB")
    for name, psnr, energy in (
        ("perfect sampler, one sample", scores.sampler_psnr, scores.sampler_energy),
        ("mean of the futures", scores.mean_psnr, scores.mean_energy),
    ):
        decibels = -20 * np.log10(energy.mean())
        table.add_row(name, f"{psnr.mean():.1f}", f"{1000 * energy.mean():.1f}", f"{decibels:.1f}")
    return table
