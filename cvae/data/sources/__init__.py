"""Where episodes come from: each source is the `data:` section of a run's YAML and reads itself.

A source is a frozen pydantic model with `source` as its tag and `stride` as an option. It has

    location                        where the episodes come from, for messages
    splits()                        those of train, validate and test that have episodes
    explain_absence(split)          why another one has none, in one sentence
    reads(split, image_size)        what reads each of its episodes, checked: calls that may be made side by side
    episodes(split, image_size)     the same, read one at a time
    digest(image_size)              identity of the content
    manifest()                      an identity that is cheap to compute, or None where the digest itself is

Adding one: write the model and name it in `Source`. `Recorded` has what all recorded sources share. Another package
names its own as an entry point (`cvae.extensions`).
"""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from cvae.data.sources.bair import DOWNLOAD, Bair
from cvae.data.sources.digests import text_digest
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.lerobot import LeRobotEpisodes
from cvae.data.sources.npz import NpzEpisodes
from cvae.data.sources.pictures import reduce_by_area, require_trainable
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.sources.recorded import MadeSplit, Recorded, fit_frames
from cvae.data.sources.split_folders import SPLITS, holds, listing, require_root
from cvae.data.sources.tfrecords import RldsEpisodes
from cvae.extensions import added

if TYPE_CHECKING:
    Source = Annotated[
        Bair | NpzEpisodes | RldsEpisodes | LeRobotEpisodes | PushingWorld, Field(discriminator="source")
    ]
else:
    BUILT_IN = (Bair, NpzEpisodes, RldsEpisodes, LeRobotEpisodes, PushingWorld)
    Source = Annotated[Union[(*BUILT_IN, *added("cvae.sources").objects.values())], Field(discriminator="source")]

__all__ = [
    "DOWNLOAD",
    "SPLITS",
    "Bair",
    "Episode",
    "EpisodeFormat",
    "LeRobotEpisodes",
    "MadeSplit",
    "NpzEpisodes",
    "PushingWorld",
    "Recorded",
    "RldsEpisodes",
    "Source",
    "fit_frames",
    "holds",
    "listing",
    "reduce_by_area",
    "require_root",
    "require_trainable",
    "text_digest",
]
