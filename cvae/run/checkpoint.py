"""A checkpoint: model, optimizer and step, tensors only, replaced atomically."""

import io
from collections.abc import Collection
from typing import Any, Literal

import torch

from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.record import RunFolder, finite
from cvae.training import Trainer

#: Which weights of a run: those of its end, or of its best evaluation.
Which = Literal["last", "best"]


def save_checkpoint(folder: RunFolder, trainer: Trainer, parts: Collection[str] | None = None) -> None:
    """Replace the checkpoint, by some parts of the trainer's state or by all of it.

    It holds the condition statistics too: the model means nothing without them.
    """
    write_atomically(folder.checkpoint, _content(trainer, parts))


def _content(trainer: Trainer, parts: Collection[str] | None) -> bytes:
    state = {name: value for name, value in trainer.state().items() if parts is None or name in parts}
    statistics = trainer.train_clips.statistics
    scales = {"mean": list(statistics.mean), "std": list(statistics.std)}
    buffer = io.BytesIO()
    torch.save({"trainer": state, "statistics": scales}, buffer)
    return buffer.getvalue()


def keep_best(folder: RunFolder, trainer: Trainer) -> None:
    """Keep the weights where the evaluation just recorded is the best so far, by the energy score or else by PSNR."""
    if trainer.config.evaluation.checkpoint != "best":
        return
    key = "val/energy_db" if trainer.config.evaluation.energy_samples else "val/psnr"
    scores = [
        (score, -int(line["step"])) for line in folder.read_epochs() if (score := finite(line.get(key))) is not None
    ]
    if scores and -max(scores)[1] == trainer.step:
        write_atomically(folder.best, _content(trainer, ("model", "step")))


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


def read_checkpoint(folder: RunFolder, which: Which = "last") -> dict[str, Any]:
    """Return a run's checkpoint, or the weights of its best evaluation, tensors on the CPU.

    Raises:
        InputError: there is none, or it is not readable.
    """
    file = folder.best if which == "best" else folder.checkpoint
    try:
        return dict(torch.load(file, map_location="cpu", weights_only=True))
    except FileNotFoundError as error:
        if which == "best":
            raise InputError(
                f"{folder.path}: there is no {file.name}; a run keeps it with evaluation.checkpoint: best"
            ) from error
        raise InputError(
            f"{folder.path}: there is no checkpoint: it has not been trained yet, or its sweep kept only the best "
            "(tune.checkpoints)"
        ) from error
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(f"{file}: not a readable checkpoint ({error})") from error
