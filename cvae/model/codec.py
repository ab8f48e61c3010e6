"""Between frames and codes: which frame's skips help to decode which frame, each true frame encoded once."""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.device import to_device
from cvae.model.decoder_stage import Kernels
from cvae.model.vgg import Decoder, Encoder

Skip = Literal["first", "last_context", "every"]


@dataclass(frozen=True)
class Projected:
    """What the decoder takes beside codes, made once a rollout; frames that are fed back are put in as they come."""

    kernels: list[Kernels]
    by_frame: dict[int, list[Tensor]]  # what a frame's skips add to each stage, (B, C_i, s_i, s_i), deepest first


@dataclass(frozen=True)
class Codec:
    """Encoder and decoder, and the rule for the skips between them. It holds no weights of its own."""

    encoder: Encoder
    decoder: Decoder
    n_past: int
    skip: Skip
    by_frame: bool  # in training each time step's frames are normalised by themselves, as in published codes

    @property
    def goes_by_frame(self) -> bool:
        """Whether frames must go through a time step at a time; in evaluation nothing depends on it."""
        return self.by_frame and self.encoder.training

    @property
    def is_divisible(self) -> bool:
        """Whether no frame's numbers depend on the frames beside it."""
        return self.encoder.parts.is_divisible

    def skip_index(self, t: int) -> int:
        """Return the frame whose skips help to decode frame t; never t itself, nor a later one."""
        return {"first": 0, "last_context": min(t, self.n_past) - 1, "every": t - 1}[self.skip]

    def encode(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode frames (T, B, 3, S, S) in one call -> codes (T, B, G), skips of (T, B, C_i, s_i, s_i)."""
        codes, skips = self.encoder(frames.flatten(0, 1))
        return codes.unflatten(0, frames.shape[:2]), [skip.unflatten(0, frames.shape[:2]) for skip in skips]

    def encode_past(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode the given frames (n_past, B, 3, S, S) -> codes (n_past, B, G), what their skips add to the next."""
        codes, skips = self.encode(frames)
        index = 0 if self.skip == "first" else -1
        return codes, self.decoder.project([skip[index] for skip in skips], self.decoder.kernels())

    def encode_truth(self, frames: Tensor) -> tuple[Tensor, Projected]:
        """Encode frames (T, B, 3, S, S), each once -> codes (T, B, G) and what their skips add, by frame.

        Only frames whose skips are used have any: the others' features are dropped on the way.
        """
        n_clips, used = frames.shape[1], sorted({self.skip_index(t) for t in range(1, len(frames))})
        if self.goes_by_frame:
            return self._encode_by_frame(frames, used)
        codes, skips = self.encoder(frames.flatten(0, 1), (used[-1] + 1) * n_clips)
        kernels, by_frame = self.decoder.kernels(), list(zip(*(skip.split(n_clips) for skip in skips), strict=True))
        projected = {t: self.decoder.project(list(by_frame[t]), kernels) for t in used}
        return codes.unflatten(0, frames.shape[:2]), Projected(kernels, projected)

    def _encode_by_frame(self, frames: Tensor, used: list[int]) -> tuple[Tensor, Projected]:
        """Do the same with a call for each time step, in their order."""
        encoded = [self.encoder(step, None if t in used else 0) for t, step in enumerate(frames)]
        kernels = self.decoder.kernels()
        projected = {t: self.decoder.project(encoded[t][1], kernels) for t in used}
        return torch.stack([codes for codes, _ in encoded]), Projected(kernels, projected)

    def decode_frame(self, code: Tensor, t: int, projected: Projected) -> Tensor:
        """Decode codes (B, G) -> frame t, (B, 3, S, S)."""
        frame: Tensor = self.decoder(code, projected.by_frame[self.skip_index(t)], projected.kernels)
        return frame

    def decode_all(self, codes: Tensor, projected: Projected) -> Tensor:
        """Decode codes (T-1, B, G) -> frames 1 .. T-1, (T-1, B, 3, S, S), in one call for all that share a skip."""
        if self.goes_by_frame:
            return torch.stack([self.decode_frame(code, t, projected) for t, code in enumerate(codes, 1)])
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

    def encode_own(
        self, frames: Tensor, projected: list[Tensor], kernels: list[Kernels]
    ) -> tuple[Tensor, list[Tensor]]:
        """Encode predicted frames (B, 3, S, S) -> codes (B, G), and what the skips add that serve the next frame.

        These are their own, or stay `projected` where those of a given frame serve.
        """
        codes, skips = self.encoder(frames, None if self.skip == "every" else 0)
        return codes, self.decoder.project(skips, kernels) if self.skip == "every" else projected

    def feed_back(self, own: Tensor, code: Tensor, projected: Projected, t: int, free: NDArray[np.bool_]) -> Tensor:
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
