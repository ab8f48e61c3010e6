"""Episodes packed once, found by their content, cut into clips. Nothing here knows a model."""

from cvae.data.store.clips import Clip, Clips, clip_starts, explain_no_positions, explain_shortness
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.store import Store, open_store

__all__ = [
    "Clip",
    "Clips",
    "ConditionStatistics",
    "Store",
    "clip_starts",
    "explain_no_positions",
    "explain_shortness",
    "open_store",
]
