"""The networks of SVG (Denton & Fergus 2018), their losses, and what one pass over a clip gives.

Numbers go in; only `build` sees a configuration. State goes in and comes out.
"""

from cvae.model.build import build_model
from cvae.model.cvae import CVAE
from cvae.model.losses import free_bits, kl_per_value, mean_squared_error
from cvae.model.rollout import Past, Rollout, sample_gaussian

__all__ = [
    "CVAE",
    "Past",
    "Rollout",
    "build_model",
    "free_bits",
    "kl_per_value",
    "mean_squared_error",
    "sample_gaussian",
]
