"""The multiply-accumulates of a training, counted from its configuration; no torch, so that a plan starts at once.

Counted is what the networks compute: each true frame encoded once, the skips' share of a decoder stage once for each
skip, the enlarged maps by transposed convolutions. Any other convolution is counted as the direct one, whatever way a
device takes: Winograd's has fewer multiplications on a CPU (`cvae.model.convolution`), and a GPU's library may take it,
too. A training step is three times its forward pass (values, gradients of the inputs, gradients of the weights), and a
FLOP is half of a multiply-accumulate. Norms, activations and the optimizer are left out: they move memory and hardly
compute.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvae.config.schema import Config

#: Points at which the teacher-forcing ratio of a training is looked at.
N_POINTS = 1000


@dataclass(frozen=True)
class Macs:
    """Multiply-accumulates of each network for one frame."""

    encoder: int
    projection: int  # the skips' share of the decoder's first convolutions
    decoder: int  # the rest of it
    recurrent: int  # frame predictor, posterior and a learned prior


def count_macs(config: Config, n_conditions: int) -> Macs:
    """Return the multiply-accumulates a frame.

    Args:
        config: the run's configuration.
        n_conditions: condition values a frame, 7 for action and position.
    """
    m = config.model
    channels = stage_channels(config.image_size, m.width)
    encoder, projection = 16 * channels[-1] * m.g_dim, 0
    decoder = encoder  # both heads are 4x4
    areas = [(config.image_size // 2**i) ** 2 for i in range(len(channels))]
    for i, (c, area) in enumerate(zip(channels, areas, strict=True)):
        fewer, n = channels[i - 1] if i else 3, LAYERS[i]
        encoder += 9 * area * (fewer * c + (n - 1) * c * c)
        projection += 9 * area * c * c
        decoder += area * (4 * c * c + 9 * ((n - 2) * c * c + c * fewer))
    context = (n_conditions if m.conditioned else 0) + (config.n_past * m.g_dim if m.past_codes else 0)
    gaussian = m.rnn_size * (m.g_dim + 8 * m.rnn_size * m.posterior_layers + 2 * m.z_dim)
    predictor = m.rnn_size * (m.g_dim + m.z_dim + context + 8 * m.rnn_size * m.predictor_layers + m.g_dim)
    return Macs(encoder, projection, decoder, predictor + gaussian * (2 if m.prior == "learned" else 1))


@dataclass(frozen=True)
class Work:
    """The arithmetic of a training step, by how many frames are fed back."""

    macs: Macs
    config: Config

    @classmethod
    def of(cls, config: Config, n_conditions: int) -> "Work":
        """Return the work of a configuration."""
        return cls(count_macs(config, n_conditions), config)

    def step_flops(self, n_fed_back: float) -> float:
        """Return the FLOP of a step in which the model encodes that many of its own frames."""
        c, one = self.config, self.macs
        n_steps = c.n_past + c.n_future - 1
        n_skips = {"first": 1, "last_context": min(c.n_past, n_steps), "every": n_steps}[c.model.skip]
        a_clip = (n_steps + 1) * one.encoder + n_steps * (one.decoder + one.recurrent) + n_skips * one.projection
        own = one.encoder + (one.projection if c.model.skip == "every" else 0)
        passes = 4 if c.runtime.checkpointing else 3
        return 2.0 * passes * (c.train.batch_size * a_clip + n_fed_back * own)

    def flops(self, free: NDArray[np.bool_]) -> float:
        """Return the FLOP of a step, by which frames were fed back, (T-1, B)."""
        fed_back = free[self.config.first_free :]
        if self.config.model.norm == "batch":  # whole batches, or none
            return self.step_flops(float(fed_back.any(axis=1).sum()) * fed_back.shape[1])
        return self.step_flops(float(fed_back.sum()))

    def expected_flops(self, tfr: float) -> float:
        """Return the expected FLOP of a step whose coins fall on the truth with probability `tfr`."""
        c = self.config
        n_thrown = c.train.batch_size if c.teacher_forcing.coin == "sample" else 1
        share = 1 - tfr**n_thrown if c.model.norm == "batch" else 1 - tfr
        n_free = c.n_past + c.n_future - 1 - c.first_free
        return self.step_flops(share * n_free * c.train.batch_size)


def training_flops(config: Config) -> float:
    """Return the expected FLOP of a whole training, evaluations left out."""
    work = Work.of(config, 7 if config.model.use_positions else 4)  # other robots differ by parts in a million
    points = [config.teacher_forcing((i + 0.5) / N_POINTS) for i in range(N_POINTS)]
    return config.train.steps * sum(map(work.expected_flops, points)) / N_POINTS


#: Channels and layers of each stage, from full resolution down to 8 pixels; the fifth is that of SVG's vgg_128.
PUBLISHED_CHANNELS = (64, 128, 256, 512, 512)

LAYERS = (2, 2, 3, 3, 3)

CHANNELS_PER_GROUP = 16


def stage_channels(image_size: int, width: float) -> list[int]:
    """Return the channels of each stage, from full resolution down to 8 pixels.

    A scaled width is rounded to whole groups of 16 channels, so that both norms exist at every width.
    """
    n_stages = {32: 3, 64: 4, 128: 5}[image_size]
    groups = [max(1, round(channels * width / CHANNELS_PER_GROUP)) for channels in PUBLISHED_CHANNELS[:n_stages]]
    return [CHANNELS_PER_GROUP * n for n in groups]
