"""A checkpoint: model, optimizer and step, tensors only, replaced atomically."""

import io
from collections.abc import Collection
from typing import Any

import torch

from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.record import RunFolder
from cvae.training import Trainer


def save_checkpoint(folder: RunFolder, trainer: Trainer, parts: Collection[str] | None = None) -> None:
    """Replace the checkpoint, by some parts of the trainer's state or by all of it.

    It holds the condition statistics too: the model means nothing without them.
    """
    state = {name: value for name, value in trainer.state().items() if parts is None or name in parts}
    statistics = trainer.train_clips.statistics
    scales = {"mean": list(statistics.mean), "std": list(statistics.std)}
    buffer = io.BytesIO()
    torch.save({"trainer": state, "statistics": scales}, buffer)
    write_atomically(folder.checkpoint, buffer.getvalue())


def load_checkpoint(folder: RunFolder, trainer: Trainer) -> bool:
    """Go on from the checkpoint, if any; False: it cannot be read and is put aside, the same training begins again."""
    if not folder.checkpoint.exists():
        return True
    try:
        checkpoint = read_checkpoint(folder)
    except InputError as error:
        echo_line(f"warning: {error}; put aside, starting over")
        folder.checkpoint.replace(folder.checkpoint.with_suffix(".damaged"))
        return False
    trainer.load_state(checkpoint["trainer"])
    return True


def read_checkpoint(folder: RunFolder) -> dict[str, Any]:
    """Return a run's checkpoint, tensors on the CPU.

    Raises:
        InputError: there is none, or it is not readable.
    """
    try:
        return dict(torch.load(folder.checkpoint, map_location="cpu", weights_only=True))
    except FileNotFoundError as error:
        raise InputError(
            f"{folder.path}: there is no checkpoint: it has not been trained yet, or its sweep kept only the best "
            "(tune.checkpoints)"
        ) from error
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(f"{folder.checkpoint}: not a readable checkpoint ({error})") from error
