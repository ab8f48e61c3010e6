"""What other packages add by entry points: sources of episodes, metrics of a frame, models. No torch."""

from cvae.extensions.added import RESERVED, AddedMetric, added, check_names, named, why_absent

__all__ = ["RESERVED", "AddedMetric", "added", "check_names", "named", "why_absent"]
