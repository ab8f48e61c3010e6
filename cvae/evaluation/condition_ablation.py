"""Conditions that are wrong on purpose: what a score loses by them is what the model makes of its conditions."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation.clip_batches import ClipBatch, Indices

#: From a batch to its wrong conditions, (T, B, C).
Ablation = Callable[[Clips, ClipBatch, Accelerator], Tensor]


def partners(n_clips: int) -> Indices:
    """Return another clip for every clip, each once: a rotation of a fixed random order, so no clip is its own."""
    order = np.random.default_rng(0).permutation(n_clips)
    of = np.empty(n_clips, dtype=np.int64)
    of[order] = np.roll(order, 1)
    return of


def shuffled(columns: slice, n_clips: int) -> Ablation:
    """Return conditions whose columns are another clip's, whole and in order."""
    of = partners(n_clips)

    def ablate(clips: Clips, batch: ClipBatch, accelerator: Accelerator) -> Tensor:
        changed = batch.conditions.clone()
        changed[..., columns] = accelerator.conditions(clips.gather(of[batch.rows])[1])[..., columns]
        return changed

    return ablate


def zeroed(columns: slice) -> Ablation:
    """Return conditions whose columns are 0, the training split's mean."""

    def ablate(clips: Clips, batch: ClipBatch, accelerator: Accelerator) -> Tensor:
        changed = batch.conditions.clone()
        changed[..., columns] = 0
        return changed

    return ablate


def ablations(n_actions: int, n_conditions: int, n_clips: int) -> dict[str, Ablation]:
    """Return what can be done to the conditions, by name; a single clip has no other to be shuffled with."""
    columns = {"actions": slice(0, n_actions), "positions": slice(n_actions, n_conditions)}
    present = {name: part for name, part in columns.items() if part.start < part.stop}
    shuffles = {f"shuffled_{name}": shuffled(part, n_clips) for name, part in present.items()} if n_clips > 1 else {}
    return shuffles | {f"zeroed_{name}": zeroed(part) for name, part in present.items()}
