"""What is there before training: inspection, the collapse threshold, and the way to the packed clips.

`sources` says where episodes come from, `pushing` simulates a world, `store` packs episodes once and cuts them into
clips.
"""

from cvae.data.collapse_threshold import FAR_ABOVE, CollapseThreshold, store_threshold
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources import Source
from cvae.data.sources.bair import Bair
from cvae.data.sources.episode import Episode
from cvae.data.sources.npz import NpzEpisodes
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.clips import Clip, Clips
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.store import Store, open_store

__all__ = [
    "FAR_ABOVE",
    "Bair",
    "Clip",
    "Clips",
    "CollapseThreshold",
    "ConditionStatistics",
    "Episode",
    "NpzEpisodes",
    "PushingWorld",
    "Source",
    "Store",
    "open_store",
    "store_threshold",
    "write_lab_layout",
]
