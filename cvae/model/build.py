"""From the configuration to the networks and their initial weights."""

from functools import partial
from typing import Literal

import torch
from torch import nn

from cvae.config import Config
from cvae.errors import InputError
from cvae.extensions import added
from cvae.model.chunking import Chunking
from cvae.model.codec import Codec
from cvae.model.conditioning import Conditioning
from cvae.model.cvae import CVAE
from cvae.model.lstm import FramePredictor, GaussianLSTM
from cvae.model.vgg import Decoder, Encoder

Start = Literal["svg", "unit"]


def initialise(module: nn.Module, start: Start) -> None:
    """Draw conv and linear weights from N(0, 0.02) with zero bias, norm weights from N(1, 0.02), as SVG does.

    LSTM weights keep PyTorch's default, as in SVG. With `start` of `unit` a linear layer's are N(0, 1 / fan in): what
    goes in comes out at its own scale, where 0.02 leaves a sixth of it at 75 inputs, layer after layer.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        is_unit = start == "unit" and isinstance(module, nn.Linear)
        nn.init.normal_(module.weight, 0.0, module.weight.shape[1] ** -0.5 if is_unit else 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def build_model(config: Config, n_conditions: int) -> CVAE:
    """Return the model with weights drawn from the configuration's seed; global random state is left alone.

    Args:
        config: the run's configuration.
        n_conditions: condition values a frame, 7 for action and position.

    Raises:
        InputError: `model.network` names a model of another package that cannot be used.
    """
    m = config.model
    if m.network != "svg":
        return _build_added(config, n_conditions)
    conditioning = Conditioning(config.n_past, m.conditioned, m.condition_offset, m.past_codes)
    context = conditioning.size(n_conditions, m.g_dim)
    draw, by_frame = partial(initialise, start=m.start), m.batch_statistics == "frame"
    parts = Chunking(is_divisible=m.norm == "group", checkpointing=config.runtime.checkpointing)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder = Encoder(config.image_size, m.width, m.g_dim, m.norm, parts)
        decoder = Decoder(config.image_size, m.width, m.g_dim, m.norm, parts)
        posterior = GaussianLSTM(m.g_dim, m.z_dim, m.rnn_size, m.posterior_layers)
        predictor = FramePredictor(
            m.g_dim + m.z_dim + context, m.g_dim, m.rnn_size, m.predictor_layers, m.predictor_norm, by_frame=by_frame
        )
        for network in (encoder, decoder, posterior, predictor):
            network.apply(draw)
        prior = None
        if m.prior == "learned":  # drawn last: the other networks start from the same weights with either prior
            prior = GaussianLSTM(m.g_dim, m.z_dim, m.rnn_size, m.posterior_layers).apply(draw)
    codec = Codec(encoder, decoder, config.n_past, m.skip, by_frame and m.norm == "batch")
    return CVAE(
        codec,
        posterior,
        predictor,
        prior,
        conditioning=conditioning,
        past_z=m.past_z,
        detach=config.teacher_forcing.detach,
        first_free=config.first_free,
    )


def _build_added(config: Config, n_conditions: int) -> CVAE:
    """Return the model of another package, with weights drawn from the configuration's seed."""
    found = added("cvae.models")
    if config.model.network not in found.objects:
        raise InputError(f"model.network: {found.faults[config.model.network]}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = found.objects[config.model.network](config, n_conditions)
    if not isinstance(model, CVAE):
        raise InputError(f"model.network: '{config.model.network}' gave a {type(model).__name__}; expected a CVAE")
    return model
