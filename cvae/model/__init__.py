"""The networks of SVG (Denton & Fergus 2018) with a fixed or learned prior, conditioned on actions and positions."""

from cvae.model.build import build_model
from cvae.model.cvae import CVAE
from cvae.model.rollout import Past, Rollout

__all__ = ["CVAE", "Past", "Rollout", "build_model"]
