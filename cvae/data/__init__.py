"""What is there before training: inspection, what the pushing world hides, the weight above which a latent collapses.

`sources` says where episodes come from, `pushing` simulates a world, `store` packs episodes once and cuts them into
clips; each is a package with its own contents page.
"""

from cvae.data.collapse_threshold import FAR_ABOVE, CollapseThreshold, store_threshold
from cvae.data.lab_layout import write_lab_layout

__all__ = ["FAR_ABOVE", "CollapseThreshold", "store_threshold", "write_lab_layout"]
