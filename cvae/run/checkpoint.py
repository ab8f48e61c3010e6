"""A checkpoint: model, optimizer and step, tensors only, replaced atomically."""

import io
from collections.abc import Collection
from typing import Any, Literal

import torch

from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.processes import beat
from cvae.record import RunFolder, finite
from cvae.run.failure_kinds import failure_kind
from cvae.training import Trainer

#: Which weights of a run: those of its end, or of its best evaluation.
Which = Literal["last", "best"]


def save_checkpoint(folder: RunFolder, trainer: Trainer, parts: Collection[str] | None = None) -> None:
    """Replace the checkpoint, by some parts of the trainer's state or by all of it.

    It holds the condition statistics too: the model means nothing without them.
    """
    write_atomically(folder.checkpoint, _content(trainer, parts))
    beat()


def _content(trainer: Trainer, parts: Collection[str] | None) -> bytes:
    state = {name: value for name, value in trainer.state().items() if parts is None or name in parts}
    statistics = trainer.train_clips.statistics
    scales = {"mean": list(statistics.mean), "std": list(statistics.std)}
    buffer = io.BytesIO()
    beat()
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


def take_up_checkpoint(folder: RunFolder, trainer: Trainer) -> str | None:
    """Go on from the checkpoint, if any.

    Returns:
        Why the same training begins again instead, in words: the checkpoint is put aside; None where it does not.
    """
    if not folder.checkpoint.exists():
        return None
    try:
        state = read_checkpoint(folder)["trainer"]
        step = int(state["step"])
    except (InputError, KeyError, TypeError, ValueError):
        return _put_aside(folder, "was not readable")
    if not _is_on_record(folder, trainer, step):
        return _put_aside(folder, f"stood at step {step}, and {folder.epochs.name} lacks evaluations before it")
    try:
        if step == trainer.config.train.steps and "optimizer" not in state:  # of a finished run: its end is missing
            trainer.model.load_state_dict(state["model"])
            trainer.step = step
            trainer.seconds = float(folder.read_epochs()[-1].get("seconds", 0.0))
        else:
            trainer.load_state(state)
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        if failure_kind(error) == "memory":
            raise
        return _put_aside(folder, "does not hold this training")
    return None


def _put_aside(folder: RunFolder, why: str) -> str:
    echo_line(f"warning: {folder.checkpoint} {why}; put aside, starting over")
    folder.checkpoint.replace(folder.checkpoint.with_suffix(".damaged"))
    return f"{folder.checkpoint.name} {why}"


def _is_on_record(folder: RunFolder, trainer: Trainer, step: int) -> bool:
    """Return whether every evaluation up to a step was recorded: what is lost can only be had by training again."""
    every = trainer.config.evaluation.every
    due = [*range(every, step + 1, every), *([step] if step % every else [])]
    return [line["step"] for line in folder.read_epochs() if line["step"] <= step] == due


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
