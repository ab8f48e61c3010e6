"""The networks of SVG (Denton & Fergus 2018) with a fixed prior, conditioned on actions and positions."""

from cvae.model.build import build_model
from cvae.model.cvae import CVAE, Rollout

__all__ = ["CVAE", "Rollout", "build_model"]
