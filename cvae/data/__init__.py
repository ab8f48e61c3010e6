"""Data: sources of episodes, packed once into a store, cut into clips."""

from cvae.data.clips import Clip, Clips
from cvae.data.episode import Episode
from cvae.data.sources import Bair, Episodes, PushingWorld, Source
from cvae.data.statistics import ConditionStatistics
from cvae.data.store import Store, open_store

__all__ = [
    "Bair",
    "Clip",
    "Clips",
    "ConditionStatistics",
    "Episode",
    "Episodes",
    "PushingWorld",
    "Source",
    "Store",
    "open_store",
]
