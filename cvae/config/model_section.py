"""The section `model` of a configuration: what the networks are made of, and what they are told."""

from typing import Literal

from pydantic import Field, field_validator

from cvae.errors import nearest
from cvae.extensions import named
from cvae.sections import Section


class ModelConfig(Section):
    """The networks (SVG, Denton & Fergus 2018)."""

    network: str = Field("svg", description="svg, or the name of a model that another package adds")
    width: float = Field(1.0, gt=0, le=4, description="multiplies every convolution's channels; 1 = published")
    g_dim: int = Field(128, ge=1, description="size of a frame's encoding")
    z_dim: int = Field(64, ge=1, description="size of the latent")
    rnn_size: int = Field(256, ge=1, description="hidden size of the LSTMs")
    predictor_layers: int = Field(2, ge=1, description="LSTM cells in the frame predictor")
    posterior_layers: int = Field(1, ge=1, description="LSTM cells in the posterior, and in a learned prior")
    prior: Literal["fixed", "learned"] = Field(
        "fixed", description="where z of a future frame comes from: N(0, I), or a network that sees the frame before it"
    )
    norm: Literal["batch", "group"] = Field(
        "batch", description="normalisation: over a call's frames, or in each frame"
    )
    batch_statistics: Literal["frame", "clip"] = Field(
        "clip",
        description="what batch norm takes statistics of in training: a time step's frames, as published codes do, or "
        "all frames that go through at once",
    )
    start: Literal["svg", "unit"] = Field(
        "unit", description="initial weights: svg, N(0, 0.02) everywhere; unit, linear layers N(0, 1 / fan in)"
    )
    predictor_norm: Literal["none", "batch"] = Field(
        "none", description="normalisation before the frame predictor's tanh; batch is the lab's"
    )
    skip: Literal["first", "last_context", "every"] = Field(
        "last_context", description="frame whose encoder features the decoder sees: 0, n_past - 1, or the previous one"
    )
    conditioned: bool = Field(True, description="feed conditions to the frame predictor at all; SVG has none")
    use_positions: bool = Field(True, description="condition on positions beside actions (privileged knowledge)")
    condition_scale: Literal["standardised", "raw"] = Field(
        "standardised", description="conditions at mean 0 and deviation 1 over the training split, or as recorded"
    )
    condition_offset: Literal[-1, 0] = Field(-1, description="frame t is predicted from the condition at t + offset")
    past_codes: bool = Field(False, description="feed the encodings of all given frames at every step, as a condition")
    past_z: Literal["posterior", "prior"] = Field(
        "posterior", description="where z of a given frame comes from in evaluation"
    )

    @field_validator("network")
    @classmethod
    def _is_known(cls, network: str) -> str:
        known = ["svg", *named("cvae.models")]
        if network not in known:
            close = f"; did you mean '{near}'?" if (near := nearest(network, known)) else ""
            raise ValueError(f"there is no such model{close}; known: {', '.join(known)}")
        return network
