"""What a launch would refuse of a source as a whole, in its words."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from cvae.data.sources import Recorded, Source, require_trainable
from cvae.data.store import explain_no_positions, explain_shortness
from cvae.errors import InputError, fault_of


class LaunchNeeds(NamedTuple):
    """What runs would ask of the data.

    Attributes:
        lengths: frames of a clip, by each split that is needed.
        n_past: frames that are given of a clip.
        image_size: that of the runs; None where it is not known, and then any that runs may have will do.
        use_positions: whether the model is given positions; None where it is not known.
    """

    lengths: Mapping[str, int]
    n_past: int = 2
    image_size: int | None = None
    use_positions: bool | None = None

    def length_of(self, split: str) -> int:
        """Frames of a clip of a split: as of the split that is evaluated where it is not needed."""
        return self.lengths.get(split, list(self.lengths.values())[-1])


def launch_faults(
    source: Source, needs: LaunchNeeds, lengths: Mapping[str, list[int]], side: int | None, n_positions: int | None
) -> list[str]:
    """Return what a launch would refuse beside faults of single episodes.

    Args:
        source: the data.
        needs: what runs would ask of it.
        lengths: frames of each sound episode, by split.
        side: of the frames in pixels; None where no episode is sound.
        n_positions: columns of the positions; None where no episode is sound.
    """
    faults = [fault_of(source.manifest)]
    if isinstance(source, Recorded):
        faults += _faults_of_files(source, needs, side)
    if needs.use_positions and n_positions == 0:
        faults.append(explain_no_positions(source.location))
    for split in needs.lengths:
        if split not in lengths:
            faults.append(_absence(source, split))
    for split, found in lengths.items():
        if found and max(found) < needs.length_of(split):
            faults.append(explain_shortness(source.location, split, needs.length_of(split), max(found)))
    return [fault for fault in dict.fromkeys(faults) if fault is not None]


def _absence(source: Source, split: str) -> str:
    try:
        return source.explain_absence(split)
    except InputError as error:
        return str(error)


def _faults_of_files(source: Recorded[Any], needs: LaunchNeeds, side: int | None) -> list[str | None]:
    if needs.image_size is None:
        is_judged = side is not None and source.size is None
        return [fault_of(lambda: require_trainable(side or 0, source.root))] if is_judged else []
    size = needs.image_size
    faults = [fault_of(source.splits)]
    splits = source.splits() if faults[0] is None else ()
    return faults + [fault_of(partial(source.reads, split, size)) for split in splits]
