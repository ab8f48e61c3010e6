"""Data: sources of episodes, packed once into a store, cut into clips."""

from cvae.data.sources import Source
from cvae.data.sources.bair import Bair
from cvae.data.sources.episode import Episode
from cvae.data.sources.npz import NpzEpisodes
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.clips import Clip, Clips
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.store import Store, open_store

__all__ = [
    "Bair",
    "Clip",
    "Clips",
    "ConditionStatistics",
    "Episode",
    "NpzEpisodes",
    "PushingWorld",
    "Source",
    "Store",
    "open_store",
]
