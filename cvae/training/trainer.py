"""The training loop, as a generator: one result an evaluation; stop consuming to stop training."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cvae.config import Config, Work
from cvae.data.store import Clips
from cvae.device import Accelerator, matrix_rate
from cvae.evaluation import BESIDE_PROPER, QUICK, Evaluation, evaluate
from cvae.model import build_model, mean_squared_error
from cvae.training.batch_loader import Batch, BatchLoader
from cvae.training.kl_term import KLTerm
from cvae.training.meter import TrainingMeter, Update


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

    def __init__(self, config: Config, accelerator: Accelerator, train: Clips, validate: Clips) -> None:
        self.config = config
        self.accelerator = accelerator
        self.train_clips = train
        self.validate_clips = validate
        model = build_model(config, train[0].conditions.shape[-1])
        self.model = model.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        o = config.optim
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=o.lr, betas=(o.beta1, o.beta2), fused=True)
        self.kl_term = KLTerm(config)
        self.loader = BatchLoader(config, train, accelerator)
        self.work = Work.of(config, train.n_conditions)
        self.has_diverged = torch.zeros((), device=accelerator.device)
        if config.runtime.compile:
            self.model.encoder.compile()
            self.model.decoder.compile()
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
            "regulariser": self.kl_term.state(),
            "step": self.step,
            "seconds": self.seconds,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state; the results are those of a training that never stopped."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["fused"] = True  # checkpoints hold how they were made, too
        self.kl_term.load_state(state["regulariser"])
        self.step, self.seconds = int(state["step"]), float(state["seconds"])

    def fit(self) -> Iterator[EpochResult]:
        """Train to the end, yielding a result every `evaluation.every` steps and at the last step.

        Raises:
            Diverged: the loss or the gradient is not finite.
        """
        c = self.config
        self.model.train()
        with self.loader:
            while self.step < c.train.steps:
                started = time.perf_counter()
                training = self._train_to_evaluation()
                evaluation = self._validate()
                self.seconds += time.perf_counter() - started
                yield EpochResult(self.step, self.step / c.train.steps_per_epoch, self.seconds, training, evaluation)

    def _validate(self) -> Evaluation:
        e, n = self.config.evaluation, self.config.evaluation.energy_samples
        metrics = BESIDE_PROPER if n else QUICK
        return evaluate(self.model, self.validate_clips, self.accelerator, e.batch_size, e.seed, metrics, n_samples=n)

    def _train_to_evaluation(self) -> dict[str, float]:
        """Make the updates up to the next evaluation and return what they tell."""
        c, on, meter = self.config, self.accelerator, TrainingMeter(self.accelerator)
        started, waited = time.perf_counter(), self.loader.waited_s
        while True:
            progress = c.train.progress(self.step)
            tfr, lr = c.teacher_forcing(progress), c.optim.lr * c.optim.schedule(progress)
            batch = self.loader.batch(self.step)
            values, beta = self.update(batch, progress, lr)
            meter.add(Update(self.step, values, beta, tfr, lr, self.work.flops(~batch.forced.numpy())))
            self.step += 1
            if self.step % c.evaluation.every == 0 or self.step == c.train.steps:
                break
        seen = meter.summary()  # waits for the device
        seconds = time.perf_counter() - started
        rate = meter.flops / seconds
        return seen | {
            "kl_per_step": seen["kl"] / (c.n_past + c.n_future - 1),
            "beta": float(beta),
            "tfr": tfr,
            "lr": lr,
            "clips_per_second": meter.n_updates * c.train.batch_size / seconds,
            "flops_per_second": rate,
            "matrix_rate_share": rate / matrix_rate(on.device, on.bf16, torch.get_num_threads()),
            "waiting_share": (self.loader.waited_s - waited) / seconds,
        }

    def update(self, batch: Batch, progress: float, lr: float) -> tuple[Tensor, float | Tensor]:
        """Make one optimizer step; return loss, mse, kl, weighted kl, gradient norm and code share, (6,), and its beta.

        Nothing here waits for the device. From the first update on that is not finite the optimizer leaves the
        weights as they are; the meter tells when it next looks.
        """
        with self.accelerator.autocast():
            rollout = self.model(batch.frames, batch.conditions, batch.noise, batch.forced)
        error = mean_squared_error(rollout.frames, batch.frames[1:])
        penalty = self.kl_term(rollout, error, progress)
        loss = error + penalty.weighted
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        limit = self.config.optim.clip if self.config.optim.clip is not None else math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        is_bad = ~(torch.isfinite(loss) & torch.isfinite(norm))
        self.has_diverged = torch.maximum(self.has_diverged, is_bad.float())
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.found_inf = self.has_diverged  # type: ignore[attr-defined] # fused Adam's: makes no step where 1
        self.optimizer.step()
        values = torch.stack([loss, error, penalty.kl, penalty.weighted, norm, rollout.code_share()])
        return values.detach(), penalty.beta
