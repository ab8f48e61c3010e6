"""What the updates since an evaluation did, read from the device as seldom as can be."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cvae.device import Accelerator
from cvae.errors import Diverged

NAMES = ("loss", "mse", "kl", "kl_weighted", "grad_norm", "code_share")

#: Nats a sequence above which a latent has begun to speak.
ONSET_NATS = 1.0

#: Updates after which a device that runs ahead is asked whether all is finite: waiting for it costs one update's start.
LOOK_EVERY = 100


@dataclass(frozen=True)
class Update:
    """One optimizer step."""

    step: int
    values: Tensor  # (6,) on the device: NAMES
    beta: float | Tensor  # weight of the KL term
    tfr: float
    lr: float
    flops: float  # of the arithmetic that it took


class TrainingMeter:
    """Gathers updates; on a CPU, where nothing has to be waited for, it looks at each at once."""

    def __init__(self, accelerator: Accelerator) -> None:
        self.n_updates = 0
        self.flops = 0.0
        self._sums = [0.0] * len(NAMES)
        self._largest_grad_norm = 0.0
        self._onset: int | None = None  # first step whose KL was above ONSET_NATS
        self._unread: list[Update] = []
        self._most_unread = LOOK_EVERY if accelerator.is_asynchronous else 1

    def add(self, update: Update) -> None:
        """Take note of an update.

        Raises:
            Diverged: this one or one not yet looked at was not finite.
        """
        self._unread.append(update)
        self.n_updates += 1
        self.flops += update.flops
        if len(self._unread) == self._most_unread:
            self._read()

    def summary(self) -> dict[str, float]:
        """Return the mean of each value over the updates, the largest gradient norm, and the onset if it was seen.

        Raises:
            Diverged: one was not finite.
        """
        self._read()
        means = {name: total / self.n_updates for name, total in zip(NAMES, self._sums, strict=True)}
        onset = {} if self._onset is None else {"onset": self._onset}
        return means | {"grad_norm_max": self._largest_grad_norm} | onset

    def _read(self) -> None:
        if not self._unread:
            return
        for update, row in zip(self._unread, torch.stack([u.values for u in self._unread]).tolist(), strict=True):
            values = dict(zip(NAMES, row, strict=True))
            _require_finite(update, values)
            self._largest_grad_norm = max(self._largest_grad_norm, values["grad_norm"])
            if self._onset is None and values["kl"] > ONSET_NATS:
                self._onset = update.step
            self._sums = [total + value for total, value in zip(self._sums, row, strict=True)]
        self._unread.clear()


def _require_finite(update: Update, values: dict[str, float]) -> None:
    if math.isfinite(values["loss"]) and math.isfinite(values["grad_norm"]):
        return
    raise Diverged(
        f"step {update.step}: loss {values['loss']:g}, mse {values['mse']:g}, kl {values['kl']:g}, gradient norm "
        f"{values['grad_norm']:g} (beta {float(update.beta):g}, tfr {update.tfr:g}, lr {update.lr:g})"
    )
