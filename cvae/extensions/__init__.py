"""What other packages add by entry points: sources of episodes, metrics of a frame, models. No torch."""

from cvae.extensions.added import AddedMetric, added, named, why_absent

__all__ = ["AddedMetric", "added", "named", "why_absent"]
