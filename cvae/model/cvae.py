"""The conditional VAE: encode, infer z, predict the next code, decode.

Shapes: T frames of a clip, B clips, G = g_dim, Z = z_dim, C condition values, S pixels. Predictions are made for
frames 1 .. T-1, as in SVG: the steps below n_past reconstruct given frames and set up the recurrent state.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cvae.device import to_device
from cvae.model.decoder_stage import Kernels
from cvae.model.lstm import FramePredictor, GaussianLSTM, State
from cvae.model.rollout import Past, Rollout, sample
from cvae.model.vgg import Decoder, Encoder

Skip = Literal["first", "last_context", "every"]

PastZ = Literal["posterior", "prior"]


@dataclass(frozen=True)
class Projected:
    """What the decoder takes beside codes, made once a rollout; frames that are fed back are put in as they come."""

    kernels: list[Kernels]
    by_frame: dict[int, list[Tensor]]  # what a frame's skips add to each stage, (B, C_i, s_i, s_i), deepest first


class CVAE(nn.Module):
    """SVG with a fixed prior N(0, I) or, as in SVG-LP, a learned one, conditioned on actions and positions.

    With a norm that sees the whole batch (`norm` or `predictor_norm` of `batch`) a training step's numbers depend on
    its path: over time x batch where every future step is forced, step by step where one is not.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        posterior: GaussianLSTM,
        frame_predictor: FramePredictor,
        prior: GaussianLSTM | None,
        *,
        n_past: int,
        skip: Skip,
        conditioned: bool,
        condition_offset: int,
        past_codes: bool,
        past_z: PastZ,
        detach: bool,
    ) -> None:
        super().__init__()
        self.is_divisible = encoder.parts.is_divisible
        self.encoder = encoder
        self.decoder = decoder
        self.posterior = posterior
        self.frame_predictor = frame_predictor
        self.prior = prior
        self.n_past = n_past
        self.skip = skip
        self.conditioned = conditioned
        self.condition_offset = condition_offset
        self.past_codes = past_codes
        self.past_z = past_z
        self.detach = detach

    @property
    def z_dim(self) -> int:
        """Size of the latent."""
        return self.posterior.mu.out_features

    def encode(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode frames (T, B, 3, S, S) in one call -> codes (T, B, G), skips of (T, B, C_i, s_i, s_i)."""
        codes, skips = self.encoder(frames.flatten(0, 1))
        return codes.unflatten(0, frames.shape[:2]), [skip.unflatten(0, frames.shape[:2]) for skip in skips]

    def condition(self, conditions: Tensor, codes: Tensor) -> Tensor:
        """Align conditions (T, B, C) with the predicted frames 1 .. T-1 -> (T-1, B, C).

        With `past_codes` the codes of the given frames, the first n_past of (>= n_past, B, G), stand beside them at
        every step -> (T-1, B, C + n_past G). The steps below n_past then know the frame they reconstruct.
        """
        aligned = conditions[:-1] if self.condition_offset == -1 else conditions[1:]
        if not self.conditioned:
            aligned = aligned[..., :0]
        if not self.past_codes:
            return aligned
        past = torch.cat(list(codes[: self.n_past]), dim=-1)  # (B, n_past G)
        return torch.cat([aligned, past.expand(len(aligned), -1, -1)], dim=-1)

    def skip_index(self, t: int) -> int:
        """Return the frame whose skips help to decode frame t; never t itself, nor a later one."""
        return {"first": 0, "last_context": min(t, self.n_past) - 1, "every": t - 1}[self.skip]

    def forward(self, frames: Tensor, conditions: Tensor, noise: Tensor, forced: Tensor) -> Rollout:
        """Reconstruct a clip with z from the posterior.

        Args:
            frames: (T, B, 3, S, S) in [0, 1], the truth.
            conditions: (T, B, C), standardised.
            noise: (T-1, B, Z), standard normal.
            forced: (T-1, B) bool, on the host: whether frame t is predicted from the true frame t-1 (row t-1); given
                frames are always true. It chooses the path, and asking a device for it would wait for the device.
        """
        codes, projected = self._encode_truth(frames)
        mu, logvar, _ = self.posterior(codes[1:])
        inputs = torch.cat([sample(mu, logvar, noise), self.condition(conditions, codes)], dim=-1)  # (T-1, B, Z + C)
        free = ~forced.numpy()
        if not free[self.n_past :].any():
            fed = codes[:-1]
            predicted, _ = self.frame_predictor(torch.cat([fed, inputs], dim=-1))
            outputs = self._decode_forced(predicted, projected)
        else:
            outputs, fed = self._step_by_step(codes, projected, inputs, free)
        # A learned prior sees what the predictor saw: its own frames' codes where they were fed.
        return Rollout(outputs, mu, logvar, None if self.prior is None else self.prior(fed)[:2])

    def _encode_truth(self, frames: Tensor) -> tuple[Tensor, Projected]:
        """Encode frames (T, B, 3, S, S) in one call, each once -> codes (T, B, G) and what their skips add, by frame.

        Only frames whose skips are used have any: the others' features are dropped on the way.
        """
        n_clips, used = frames.shape[1], sorted({self.skip_index(t) for t in range(1, len(frames))})
        codes, skips = self.encoder(frames.flatten(0, 1), (used[-1] + 1) * n_clips)
        kernels, by_frame = self.decoder.kernels(), list(zip(*(skip.split(n_clips) for skip in skips), strict=True))
        projected = {t: self.decoder.project(list(by_frame[t]), kernels) for t in used}
        return codes.unflatten(0, frames.shape[:2]), Projected(kernels, projected)

    def _decode_forced(self, codes: Tensor, projected: Projected) -> Tensor:
        """Decode codes (T-1, B, G) -> frames 1 .. T-1, (T-1, B, 3, S, S), in one call for all that share a skip."""
        if self.skip == "every" or not self.is_divisible:  # a norm that sees the whole batch sees all of it
            rows = [projected.by_frame[self.skip_index(t)] for t in range(1, len(codes) + 1)]
            stages = [torch.cat(stage) for stage in zip(*rows, strict=True)]
            frames: Tensor = self.decoder(codes.flatten(0, 1), stages, projected.kernels)
        else:
            runs = [(i, list(run)) for i, run in groupby(range(1, len(codes) + 1), self.skip_index)]
            parts = [codes[run[0] - 1 : run[-1]].flatten(0, 1) for _, run in runs]
            pairs = zip(parts, runs, strict=True)
            frames = torch.cat([self.decoder(part, projected.by_frame[i], projected.kernels) for part, (i, _) in pairs])
        return frames.view(*codes.shape[:2], *frames.shape[1:])

    def _step_by_step(
        self, codes: Tensor, projected: Projected, inputs: Tensor, free: NDArray[np.bool_]
    ) -> tuple[Tensor, Tensor]:
        """Predict frame after frame; where a step is free, (T-1, B), its input is the frame predicted before it.

        Returns the frames (T-1, B, 3, S, S) and the codes that were fed to predict them (T-1, B, G).
        """
        outputs: list[Tensor] = []
        state: State = None
        fed = [codes[0]]
        for t in range(1, len(codes)):
            predicted, state = self.frame_predictor(torch.cat([fed[-1], inputs[t - 1]], dim=-1)[None], state)
            skips = projected.by_frame[self.skip_index(t)]
            outputs.append(self.decoder(predicted[0], skips, projected.kernels))
            if t == len(codes) - 1:
                break
            fed.append(codes[t])
            if t >= self.n_past and free[t].any():
                own = outputs[-1].detach() if self.detach else outputs[-1]
                fed[-1] = self._fed_back(own, codes[t], projected, t, free[t])
        return torch.stack(outputs), torch.stack(fed)

    def _fed_back(self, own: Tensor, code: Tensor, projected: Projected, t: int, free: NDArray[np.bool_]) -> Tensor:
        """Encode the predicted frame t of the clips that are free, and put it in place of the truth.

        Returns its codes (B, G); `projected` is given its skips where they serve the next frame. Where a norm sees the
        whole batch all clips are encoded, so that its statistics are of whole batches.
        """
        clips = to_device(torch.from_numpy(free.nonzero()[0]), code.device)
        encoded = own[clips] if self.is_divisible else own
        codes, skips = self.encoder(encoded, None if self.skip == "every" else 0)
        fed = code.index_copy(0, clips, codes if self.is_divisible else codes[clips])
        if self.skip == "every":
            own_skips = self.decoder.project(skips, projected.kernels)
            projected.by_frame[t] = [
                true.index_copy(0, clips, mine if self.is_divisible else mine[clips])
                for true, mine in zip(projected.by_frame[t], own_skips, strict=True)
            ]
        return fed

    def draw(self, codes: Tensor, noise: Tensor, state: State) -> tuple[Tensor, State]:
        """Draw z from the prior that sees these codes (T, B, G), by noise (T, B, Z) -> (T, B, Z) and its state."""
        if self.prior is None:
            return noise, None
        mu, logvar, state = self.prior(codes, state)
        return sample(mu, logvar, noise), state

    @torch.no_grad()
    def observe(self, past: Tensor, conditions: Tensor) -> Past:
        """Encode the given frames (n_past, B, 3, S, S) beside the conditions of the whole clip (T, B, C)."""
        codes, skips = self.encode(past)
        index = 0 if self.skip == "first" else -1
        projected = self.decoder.project([skip[index] for skip in skips], self.decoder.kernels())
        return Past(codes, projected, self.condition(conditions, codes))

    @torch.no_grad()
    def imagine(self, past: Past, noise: Tensor, z: Tensor | None = None) -> Tensor:
        """Predict the frames after the given ones: z on given frames from `past_z`, on future ones from the prior.

        Args:
            past: what `observe` returned.
            noise: (n_past + H - 1, B, Z), standard normal; below n_past it perturbs the posterior.
            z: (H, B, Z), taken for the future frames in place of the prior's.

        Returns:
            (H, B, 3, S, S) in (0, 1).
        """
        codes, projected, n_given = past.codes, past.projected, self.n_past - 1
        kernels = self.decoder.kernels()
        state: State = None
        prior_state: State = None
        if n_given:
            given, prior_state = self.draw(codes[:-1], noise[:n_given], None)
            if self.past_z == "posterior":
                mu, logvar, _ = self.posterior(codes[1:])
                given = sample(mu, logvar, noise[:n_given])
            _, state = self.frame_predictor(torch.cat([codes[:-1], given, past.conditions[:n_given]], dim=-1))
        outputs: list[Tensor] = []
        fed = codes[-1]
        for t in range(self.n_past, len(past.conditions) + 1):
            if z is None:
                (drawn,), prior_state = self.draw(fed[None], noise[t - 1 : t], prior_state)
            else:
                drawn = z[t - self.n_past]
            predicted, state = self.frame_predictor(
                torch.cat([fed, drawn, past.conditions[t - 1]], dim=-1)[None], state
            )
            outputs.append(self.decoder(predicted[0], projected, kernels))
            if t < len(past.conditions):
                fed, skips = self.encoder(outputs[-1], None if self.skip == "every" else 0)
                projected = self.decoder.project(skips, kernels) if self.skip == "every" else projected
        return torch.stack(outputs)

    def predict(self, past: Tensor, conditions: Tensor, noise: Tensor) -> Tensor:
        """Predict the frames after the given ones, one sample from the prior.

        It is handed no future frame, so it cannot look at one.

        Args:
            past: (n_past, B, 3, S, S) in [0, 1].
            conditions: (n_past + H, B, C), standardised; H is the horizon.
            noise: (n_past + H - 1, B, Z), standard normal; below n_past it perturbs the posterior.

        Returns:
            (H, B, 3, S, S) in (0, 1).
        """
        return self.imagine(self.observe(past, conditions), noise)
