"""Reading every episode of a source once, with all measures listening."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rich.table import Table

from cvae.data.collapse_threshold import CollapseThreshold
from cvae.data.inspection.condition_scale import ConditionScale
from cvae.data.inspection.copy_last import CopyLast
from cvae.data.inspection.episode_readings import read_everything
from cvae.data.inspection.launch_check import LaunchNeeds, launch_faults
from cvae.data.inspection.motion_lag import MotionLag
from cvae.data.inspection.repetitions import Repetitions
from cvae.data.inspection.threshold_range import ThresholdRange
from cvae.data.sources import Episode, Recorded, Source, fit_frames
from cvae.data.store import clip_starts
from cvae.errors import InputError

#: The size that larger frames are averaged down to before they are measured, where the runs' own is not known.
MEASURED_SIDE = 64

N_SHOWN = 3  # episodes of each split that are kept for the contact sheet


@dataclass
class SplitInspection:
    """What one split holds: lengths in frames and clip count of its sound episodes, some to look at."""

    lengths: list[int] = field(default_factory=list)
    n_clips: int = 0
    shown: list[Episode] = field(default_factory=list)


@dataclass
class Inspection:
    """What a source holds.

    Attributes:
        side: size of the frames in pixels, None where no episode is sound.
        splits: by name, those that are there.
        problems: what a launch would refuse, one sentence each, naming the file.
        warnings: what it would not, and what should be looked at all the same.
    """

    source: Source
    needs: LaunchNeeds
    side: int | None = None
    n_positions: int | None = None
    splits: dict[str, SplitInspection] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    scale: ConditionScale = field(default_factory=ConditionScale)
    repetitions: Repetitions = field(default_factory=Repetitions)
    lag: MotionLag = field(default_factory=MotionLag)
    copies: CopyLast = field(default_factory=lambda: CopyLast(2))
    thresholds: ThresholdRange = field(default_factory=ThresholdRange)

    @property
    def threshold(self) -> CollapseThreshold | None:
        """Of collapse, over the first split that has sound episodes, frames reduced to the measured size."""
        return self.thresholds.estimate()

    def add(self, split: str, episode: Episode) -> None:
        """Listen to one sound episode."""
        of_split, length, stride = self.splits[split], self.needs.length_of(split), self.source.stride
        self.side = episode.frames.shape[1]
        self.n_positions = 0 if episode.positions is None else episode.positions.shape[1]
        of_split.lengths.append(len(episode.frames))
        of_split.n_clips += len(clip_starts(len(episode.frames), length, stride))
        self.scale.add(split, episode.actions, episode.conditions)
        self.repetitions.add(split, episode)
        side = min(self.needs.image_size or MEASURED_SIDE, self.side)
        seen = replace(episode, frames=fit_frames(episode.frames, None, side))
        self.lag.add(seen)
        self.copies.add(split, seen, length, stride)
        self.thresholds.add(split, seen, length, stride)

    def measured(self) -> Iterator[str | Table]:
        """What the measures say, beside the tables of conditions."""
        yield from self.thresholds.lines()
        yield from self.repetitions.lines()
        yield from self.lag.lines()
        yield from self.copies.lines()


def _remarks(source: Source) -> list[str]:
    """What should be looked at of the files as such; nothing where they cannot be read, which is said elsewhere."""
    try:
        remarks = source.remarks() if isinstance(source, Recorded) else []
    except InputError:
        return []
    more = [f"and {len(remarks) - N_SHOWN} more such files"] if len(remarks) > N_SHOWN else []
    return remarks[:N_SHOWN] + more


def inspect(source: Source, needs: LaunchNeeds, generated_size: int = 64) -> Inspection:
    """Read every episode of a source and report on it; `generated_size` is that of generated episodes alone."""
    report = Inspection(source, needs, copies=CopyLast(needs.n_past))
    for split, share, outcome in read_everything(source, needs.image_size or generated_size):
        of_split = report.splits.setdefault(split, SplitInspection())
        if isinstance(outcome, Episode):
            report.add(split, outcome)
            if share >= len(of_split.shown) / N_SHOWN:
                of_split.shown.append(outcome)
        else:
            report.problems.extend(outcome)
    lengths = {split: of_split.lengths for split, of_split in report.splits.items()}
    for fault in launch_faults(source, needs, lengths, report.side, report.n_positions):
        if fault not in report.problems:
            report.problems.append(fault)
    report.warnings.extend(_remarks(source))
    for measure in (report.repetitions, report.lag, report.copies, report.scale):
        report.warnings.extend(measure.warnings())
    return report
