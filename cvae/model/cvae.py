"""The conditional VAE: encode, infer z, predict the next code, decode.

Shapes: T frames of a clip, B clips, G = g_dim, Z = z_dim, C condition values, S pixels. Predictions are made for
frames 1 .. T-1, as in SVG: the steps below n_past reconstruct given frames and set up the recurrent state.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cvae.model.codec import Codec, Projected
from cvae.model.conditioning import Conditioning
from cvae.model.lstm import FramePredictor, GaussianLSTM, State
from cvae.model.rollout import Past, Rollout, sample_gaussian

PastZ = Literal["posterior", "prior"]


class CVAE(nn.Module):
    """SVG with a fixed prior N(0, I) or, as in SVG-LP, a learned one, conditioned on actions and positions.

    With a norm that sees the whole batch a training step's numbers depend on what goes through at once: with
    `batch_statistics` of `frame` a time step's frames; with `clip` so too where a future step is free, else T x B.
    """

    def __init__(
        self,
        codec: Codec,
        posterior: GaussianLSTM,
        frame_predictor: FramePredictor,
        prior: GaussianLSTM | None,
        *,
        conditioning: Conditioning,
        past_z: PastZ,
        detach: bool,
        first_free: int,
    ) -> None:
        super().__init__()
        # Registered here, in this order: checkpoints name the weights so, and the optimizer counts them.
        self.encoder = codec.encoder
        self.decoder = codec.decoder
        self.posterior = posterior
        self.frame_predictor = frame_predictor
        self.prior = prior
        self.codec = codec
        self.n_past = codec.n_past
        self.conditioning = conditioning
        self.past_z = past_z
        self.detach = detach
        self.first_free = first_free

    @property
    def z_dim(self) -> int:
        """Size of the latent."""
        return self.posterior.mu.out_features

    def forward(self, frames: Tensor, conditions: Tensor, noise: Tensor, forced: Tensor) -> Rollout:
        """Reconstruct a clip with z from the posterior.

        Args:
            frames: (T, B, 3, S, S) in [0, 1], the truth.
            conditions: (T, B, C), standardised.
            noise: (T-1, B, Z), standard normal.
            forced: (T-1, B) bool, on the host: whether frame t is predicted from the true frame t-1 (row t-1); frames
                before `first_free` are always true. It chooses the path, and asking a device would wait for it.
        """
        codes, projected = self.codec.encode_truth(frames)
        mu, logvar, _ = self.posterior(codes[1:])
        context = self.conditioning.align(conditions, codes)
        inputs = torch.cat([sample_gaussian(mu, logvar, noise), context], dim=-1)  # (T-1, B, Z + C)
        free = ~forced.numpy()
        if not free[self.first_free :].any():
            fed = codes[:-1]
            predicted, _ = self.frame_predictor(torch.cat([fed, inputs], dim=-1))
            outputs = self.codec.decode_all(predicted, projected)
        else:
            outputs, fed = self._step_by_step(codes, projected, inputs, free)
        # A learned prior sees what the predictor saw: its own frames' codes where they were fed.
        return Rollout(outputs, mu, logvar, codes, None if self.prior is None else self.prior(fed)[:2])

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
            outputs.append(self.codec.decode_frame(predicted[0], t, projected))
            if t == len(codes) - 1:
                break
            fed.append(codes[t])
            if t >= self.first_free and free[t].any():
                own = outputs[-1].detach() if self.detach else outputs[-1]
                fed[-1] = self.codec.feed_back(own, codes[t], projected, t, free[t])
        return torch.stack(outputs), torch.stack(fed)

    def sample_prior(self, codes: Tensor, noise: Tensor, state: State) -> tuple[Tensor, State]:
        """Sample z from the prior that sees these codes (T, B, G), by noise (T, B, Z) -> (T, B, Z) and its state."""
        if self.prior is None:
            return noise, None
        mu, logvar, state = self.prior(codes, state)
        return sample_gaussian(mu, logvar, noise), state

    @torch.no_grad()
    def observe(self, past: Tensor, conditions: Tensor) -> Past:
        """Encode the given frames (n_past, B, 3, S, S) beside the conditions of the whole clip (T, B, C)."""
        codes, projected = self.codec.encode_past(past)
        return Past(codes, projected, self.conditioning.align(conditions, codes))

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
        projected, kernels = past.projected, self.decoder.kernels()
        state, prior_state = self._read_past(past, noise)
        outputs: list[Tensor] = []
        fed = past.codes[-1]
        for t in range(self.n_past, len(past.conditions) + 1):
            if z is None:
                (latent,), prior_state = self.sample_prior(fed[None], noise[t - 1 : t], prior_state)
            else:
                latent = z[t - self.n_past]
            inputs = torch.cat([fed, latent, past.conditions[t - 1]], dim=-1)
            predicted, state = self.frame_predictor(inputs[None], state)
            outputs.append(self.decoder(predicted[0], projected, kernels))
            if t < len(past.conditions):
                fed, projected = self.codec.encode_own(outputs[-1], projected, kernels)
        return torch.stack(outputs)

    def _read_past(self, past: Past, noise: Tensor) -> tuple[State, State]:
        """Return the states of the frame predictor and of a learned prior after the steps between given frames."""
        n_given, codes = self.n_past - 1, past.codes
        if not n_given:
            return None, None
        z, prior_state = self.sample_prior(codes[:-1], noise[:n_given], None)
        if self.past_z == "posterior":
            mu, logvar, _ = self.posterior(codes[1:])
            z = sample_gaussian(mu, logvar, noise[:n_given])
        _, state = self.frame_predictor(torch.cat([codes[:-1], z, past.conditions[:n_given]], dim=-1))
        return state, prior_state

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
