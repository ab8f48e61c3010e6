"""The training loop, as a generator: one result an evaluation; stop consuming to stop training."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cvae.batches import batch_indices, step_coins, step_noise
from cvae.config import Config
from cvae.data.clips import Clips
from cvae.device import Place
from cvae.evaluate import Evaluation, evaluate
from cvae.losses import mse
from cvae.model import build_model
from cvae.regularisers import Regulariser

SUMS = ("loss", "mse", "kl", "kl_weighted", "grad_norm")


class Diverged(Exception):
    """The loss or its gradient is not finite; raised before the optimizer step, so the weights are still sound."""


@dataclass(frozen=True)
class EpochResult:
    """What one evaluation tells. Training values are means over the steps since the evaluation before."""

    step: int  # optimizer updates done
    epoch: float  # step / steps_per_epoch
    seconds: float  # spent training and evaluating, all attempts together
    training: dict[str, float]  # loss, mse, kl (nats a sequence), kl_weighted, beta, tfr, lr, grad_norm, ...
    evaluation: Evaluation  # of the validation split

    def values(self) -> dict[str, Any]:
        """Return the result as flat names and JSON values."""
        head = {"step": self.step, "epoch": self.epoch, "seconds": self.seconds}
        return head | {f"train/{k}": v for k, v in self.training.items()} | self.evaluation.summary("val")


class Trainer:
    """Trains one model; its configuration, its data and the step number determine everything."""

    def __init__(self, config: Config, place: Place, train: Clips, validate: Clips) -> None:
        self.config = config
        self.place = place
        self.train_clips = train
        self.validate_clips = validate
        model = build_model(config, train[0].conditions.shape[-1])
        self.model = model.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        o = config.optim
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=o.lr, betas=(o.beta1, o.beta2))
        self.regulariser = Regulariser(config)
        self.step = 0
        self.seconds = 0.0

    @property
    def n_parameters(self) -> int:
        """Number of trained values."""
        return sum(p.numel() for p in self.model.parameters())

    def state(self) -> dict[str, Any]:
        """Return all that a resumed training needs. Batches, noise and coins follow from the step."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "regulariser": self.regulariser.state(),
            "step": self.step,
            "seconds": self.seconds,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state; the results are those of a training that never stopped."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.regulariser.load_state(state["regulariser"])
        self.step, self.seconds = int(state["step"]), float(state["seconds"])

    def fit(self) -> Iterator[EpochResult]:
        """Train to the end, yielding a result every `evaluation.every` steps and at the last step.

        Raises:
            Diverged: the loss or the gradient is not finite.
        """
        c = self.config
        self.model.train()
        while self.step < c.train.steps:
            sums = torch.zeros(len(SUMS), device=self.place.device)
            started, first = time.perf_counter(), self.step
            while True:
                progress = c.train.progress(self.step)
                tfr, lr = c.teacher_forcing(progress), c.optim.lr * c.optim.schedule(progress)
                values, beta = self._update(progress, tfr, lr)
                sums += values
                self.step += 1
                if self.step % c.evaluation.every == 0 or self.step == c.train.steps:
                    break
            means = dict(zip(SUMS, (sums / (self.step - first)).tolist(), strict=True))
            trained_s = time.perf_counter() - started
            e = c.evaluation
            evaluation = evaluate(self.model, self.validate_clips, self.place, e.batch_size, e.seed)
            self.seconds += time.perf_counter() - started
            training = means | {
                "kl_per_step": means["kl"] / (c.n_past + c.n_future - 1),
                "beta": float(beta),
                "tfr": tfr,
                "lr": lr,
                "clips_per_second": (self.step - first) * c.train.batch_size / trained_s,
            }
            yield EpochResult(self.step, self.step / c.train.steps_per_epoch, self.seconds, training, evaluation)

    def _update(self, progress: float, tfr: float, lr: float) -> tuple[Tensor, float | Tensor]:
        """Make one optimizer step; return its loss, mse, kl, weighted kl and gradient norm, (5,), and its beta."""
        frames, conditions, noise, forced = self._batch(tfr)
        with self.place.autocast():
            rollout = self.model(frames, conditions, noise, forced)
        error = mse(rollout.frames, frames[1:])
        penalty = self.regulariser(rollout, error, progress)
        loss = error + penalty.weighted
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        limit = self.config.optim.clip if self.config.optim.clip is not None else math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        if not bool(torch.isfinite(loss) & torch.isfinite(norm)):
            raise Diverged(
                f"step {self.step}: loss {loss.item():g}, mse {error.item():g}, kl {penalty.kl.item():g}, gradient "
                f"norm {norm.item():g} (beta {float(penalty.beta):g}, tfr {tfr:g}, lr {lr:g})"
            )
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        return torch.stack([loss, error, penalty.kl, penalty.weighted, norm]).detach(), penalty.beta

    def _batch(self, tfr: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return frames (T, B, 3, S, S), conditions (T, B, C), noise (T-1, B, Z), forced (T-1, B) of this step."""
        c, seed = self.config, self.config.seed
        indices = batch_indices(len(self.train_clips), c.train.batch_size, seed, self.step)
        packed_frames, packed_conditions = self.train_clips.gather(indices)
        frames = self.place.frames(packed_frames)
        n_steps = len(frames) - 1
        noise = step_noise((n_steps, c.train.batch_size, c.model.z_dim), seed, self.step)
        # Coins stay on the host: they choose the path, and asking the device would wait for it.
        forced = step_coins((n_steps, c.train.batch_size), tfr, seed, self.step, c.teacher_forcing.coin)
        return frames, self.place.conditions(packed_conditions), noise.to(self.place.device), forced
