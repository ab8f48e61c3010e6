"""The conditional VAE: encode, infer z, predict the next code, decode.

Shapes: T frames of a clip, B clips, G = g_dim, Z = z_dim, C condition values, S pixels. Predictions are made for
frames 1 .. T-1, as in SVG: the steps below n_past reconstruct given frames and set up the recurrent state.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from cvae.model.lstm import FramePredictor, Posterior, State
from cvae.model.vgg import Decoder, Encoder

Skip = Literal["first", "last_context", "every"]


@dataclass(frozen=True)
class Rollout:
    """What one pass over a clip gives, for frames 1 .. T-1."""

    frames: Tensor  # (T-1, B, 3, S, S) in (0, 1)
    mu: Tensor  # (T-1, B, Z)
    logvar: Tensor  # (T-1, B, Z)


class CVAE(nn.Module):
    """SVG with a fixed prior N(0, I), conditioned on actions and positions."""

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        posterior: Posterior,
        frame_predictor: FramePredictor,
        *,
        n_past: int,
        skip: Skip,
        condition_offset: int,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.posterior = posterior
        self.frame_predictor = frame_predictor
        self.n_past = n_past
        self.skip = skip
        self.condition_offset = condition_offset

    @property
    def z_dim(self) -> int:
        """Size of the latent."""
        return self.posterior.mu.out_features

    def encode(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode frames (T, B, 3, S, S) in one call -> codes (T, B, G), skips of (T, B, C_i, s_i, s_i)."""
        codes, skips = self.encoder(frames.flatten(0, 1))
        return codes.unflatten(0, frames.shape[:2]), [skip.unflatten(0, frames.shape[:2]) for skip in skips]

    def decode(self, codes: Tensor, skips: list[Tensor]) -> Tensor:
        """Decode codes (T, B, G) with skips of (T, B, C_i, s_i, s_i) in one call -> (T, B, 3, S, S)."""
        frames: Tensor = self.decoder(codes.flatten(0, 1), [skip.flatten(0, 1) for skip in skips])
        return frames.view(*codes.shape[:2], *frames.shape[1:])

    def condition(self, conditions: Tensor) -> Tensor:
        """Align conditions (T, B, C) with the predicted frames 1 .. T-1 -> (T-1, B, C)."""
        return conditions[:-1] if self.condition_offset == -1 else conditions[1:]

    def skip_index(self, t: int) -> int:
        """Return the frame whose skips help to decode frame t; never t itself, nor a later one."""
        return {"first": 0, "last_context": min(t, self.n_past) - 1, "every": t - 1}[self.skip]

    def forward(self, frames: Tensor, conditions: Tensor, noise: Tensor, forced: Tensor) -> Rollout:
        """Reconstruct a clip with z from the posterior.

        Args:
            frames: (T, B, 3, S, S) in [0, 1], the truth.
            conditions: (T, B, C), standardised.
            noise: (T-1, B, Z), standard normal.
            forced: (T-1, B) bool, on any device: whether frame t is predicted from the true frame t-1 (row t-1);
                given frames are always true.
        """
        codes, skips = self.encode(frames)
        mu, logvar, _ = self.posterior(codes[1:])
        z = mu + noise * torch.exp(0.5 * logvar)
        inputs = torch.cat([z, self.condition(conditions)], dim=-1)  # (T-1, B, Z + C)
        if bool(forced[self.n_past :].all()):
            predicted, _ = self.frame_predictor(torch.cat([codes[:-1], inputs], dim=-1))
            index = [self.skip_index(t) for t in range(1, len(frames))]
            return Rollout(self.decode(predicted, [skip[index] for skip in skips]), mu, logvar)
        return Rollout(self._step_by_step(codes, skips, inputs, forced), mu, logvar)

    def _step_by_step(self, codes: Tensor, skips: list[Tensor], inputs: Tensor, forced: Tensor) -> Tensor:
        """Predict frame after frame; where a coin says so, a step's input is the frame predicted before it."""
        outputs: list[Tensor] = []
        state: State = None
        fed_codes, fed_skips = codes[0], [skip[0] for skip in skips]
        for t in range(1, len(codes)):
            predicted, state = self.frame_predictor(torch.cat([fed_codes, inputs[t - 1]], dim=-1)[None], state)
            used = fed_skips if self.skip == "every" else [skip[self.skip_index(t)] for skip in skips]
            outputs.append(self.decoder(predicted[0], used))
            fed_codes, fed_skips = codes[t], [skip[t] for skip in skips]
            if t < self.n_past or t == len(codes) - 1 or bool(forced[t].all()):
                continue
            own_codes, own_skips = self.encoder(outputs[-1])
            is_true = forced[t].to(codes.device)[:, None]  # (B, 1)
            fed_codes = torch.where(is_true, fed_codes, own_codes)
            if self.skip == "every":
                pairs = zip(fed_skips, own_skips, strict=True)
                fed_skips = [torch.where(is_true[:, :, None, None], true, own) for true, own in pairs]
        return torch.stack(outputs)

    @torch.no_grad()
    def predict(self, past: Tensor, conditions: Tensor, noise: Tensor) -> Tensor:
        """Predict the frames after the given ones: z from the posterior on given frames, from the prior after.

        It is handed no future frame, so it cannot look at one.

        Args:
            past: (n_past, B, 3, S, S) in [0, 1].
            conditions: (n_past + H, B, C), standardised; H is the horizon.
            noise: (n_past + H - 1, B, Z), standard normal; below n_past it perturbs the posterior.

        Returns:
            (H, B, 3, S, S) in (0, 1).
        """
        codes, skips = self.encode(past)
        aligned = self.condition(conditions)
        state: State = None
        if self.n_past > 1:
            mu, logvar, _ = self.posterior(codes[1:])
            z = mu + noise[: self.n_past - 1] * torch.exp(0.5 * logvar)
            _, state = self.frame_predictor(torch.cat([codes[:-1], z, aligned[: self.n_past - 1]], dim=-1))
        outputs: list[Tensor] = []
        fed, used = codes[-1], [skip[0 if self.skip == "first" else -1] for skip in skips]
        for t in range(self.n_past, len(conditions)):
            step = torch.cat([fed, noise[t - 1], aligned[t - 1]], dim=-1)
            predicted, state = self.frame_predictor(step[None], state)
            outputs.append(self.decoder(predicted[0], used))
            if t < len(conditions) - 1:
                fed, own_skips = self.encoder(outputs[-1])
                used = own_skips if self.skip == "every" else used
        return torch.stack(outputs)
