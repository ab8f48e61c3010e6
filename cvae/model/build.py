"""From the configuration to the networks, with SVG's initial weights."""

import torch
from torch import nn

from cvae.config import Config
from cvae.model.cvae import CVAE
from cvae.model.lstm import FramePredictor, Posterior
from cvae.model.vgg import Decoder, Encoder


def initialise(module: nn.Module) -> None:
    """Draw conv and linear weights from N(0, 0.02) with zero bias, norm weights from N(1, 0.02).

    LSTM weights keep PyTorch's default, as in SVG.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def build_model(config: Config, n_conditions: int) -> CVAE:
    """Return the model with weights drawn from the configuration's seed; global random state is left alone.

    Args:
        config: the run's configuration.
        n_conditions: condition values a frame, 7 for action and position.
    """
    m = config.model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = CVAE(
            Encoder(config.image_size, m.width, m.g_dim, m.norm),
            Decoder(config.image_size, m.width, m.g_dim, m.norm),
            Posterior(m.g_dim, m.z_dim, m.rnn_size, m.posterior_layers),
            FramePredictor(m.g_dim + m.z_dim + n_conditions, m.g_dim, m.rnn_size, m.predictor_layers),
            n_past=config.n_past,
            skip=m.skip,
            condition_offset=m.condition_offset,
        )
        model.apply(initialise)
    return model
