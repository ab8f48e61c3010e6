"""The part of a recorded source that is the same for every format."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from pydantic import ConfigDict, Field

from cvae.data.sources.digests import text_digest
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.recorded.frame_size import FrameSize, cropped_side, require_reducible
from cvae.data.sources.recorded.made_split import MadeSplit, divide
from cvae.data.sources.split_folders import SPLITS
from cvae.errors import InputError, fault_of
from cvae.sections import PLACE, Section

Place = TypeVar("Place")


def _is_none(value: object) -> bool:
    return value is None


class Recorded(Section, Generic[Place]):
    """Recorded episodes. A format says where they lie and how one is read; splits and order are the same for all."""

    model_config = ConfigDict(serialize_by_alias=True)

    root: Annotated[Path, PLACE, Field(strict=False, description="Folder that holds train/, validate/ and test/.")]
    size: Annotated[
        FrameSize | None,
        Field(exclude_if=_is_none, description="Crop of other frames; null: square, a multiple of the image size."),
    ] = None
    made_validate: Annotated[
        MadeSplit | None,
        Field(alias="validate", exclude_if=_is_none, description="Make a validate split; null: the data's own."),
    ] = None
    made_test: Annotated[
        MadeSplit | None,
        Field(alias="test", exclude_if=_is_none, description="Make a test split; null: the data's own."),
    ] = None

    def own_splits(self) -> tuple[str, ...]:
        """The splits that the data itself has, in the order train, validate, test."""
        raise NotImplementedError

    def own_places(self, split: str) -> list[Place]:
        """Where the episodes of a split of the data's own lie, in order; empty where there are none."""
        raise NotImplementedError

    def absence(self, split: str) -> str:
        """Why the data itself has no episodes of a split, in one sentence."""
        raise NotImplementedError

    def names(self, places: list[Place]) -> list[str]:
        """Names of episodes, unique within a split."""
        raise NotImplementedError

    def path_of(self, place: Place) -> Path:
        """The file or folder of an episode, for messages."""
        raise NotImplementedError

    def format_of(self, place: Place) -> EpisodeFormat:
        """What one episode would have all others be."""
        raise NotImplementedError

    def read(self, place: Place, name: str, expected: EpisodeFormat, image_size: int) -> Episode:
        """Read one episode, frames reduced to `image_size`; InputError names the file at fault."""
        raise NotImplementedError

    def problems(self, place: Place, expected: EpisodeFormat) -> list[str]:
        """Every fault of one episode, where `read` stops at the first; here that one."""
        fault = fault_of(lambda: self.read(place, "", expected, expected.side))
        return [fault] if fault else []

    def remarks(self) -> list[str]:
        """What should be looked at of the files as such, and is read all the same."""
        return []

    def manifest(self) -> str:
        """Identity by path, size and time of change of each file, which is cheap to compute."""
        raise NotImplementedError

    def content(self) -> str:
        """Identity of the bytes of every file that is read."""
        raise NotImplementedError

    def reading(self) -> str:
        """The format, and its options that shape an episode."""
        raise NotImplementedError

    @property
    def location(self) -> str:
        """Where the episodes come from, for messages."""
        return str(self.root)

    def made_splits(self) -> dict[str, MadeSplit]:
        """The splits that are made out of the train split, in the order in which they are taken."""
        made = {"validate": self.made_validate, "test": self.made_test}
        return {split: rule for split, rule in made.items() if rule is not None}

    def splits(self) -> tuple[str, ...]:
        """The splits that have at least one episode, in the order train, validate, test."""
        own, made = self.own_splits(), self.made_splits()
        for split in made:
            if split in own:
                raise InputError(f"{self.root}: has a {split} split of its own; `data.{split}` cannot make another")
            if "train" not in own:
                raise InputError(f"{self.absence('train')}; `data.{split}` would take its sequences from there")
        return tuple(split for split in SPLITS if split in own or split in made)

    def explain_absence(self, split: str) -> str:
        """Why a split has no episodes, in one sentence."""
        advice = f"; `data.{split}: {{from: train, share: 0.02}}` makes one" if split != "train" else ""
        return self.absence(split) + advice

    def locate(self, split: str) -> list[Place]:
        """Where the episodes of a split lie, in order; InputError where there are none."""
        made = self.made_splits()
        if made and split in (*made, "train"):
            self.splits()  # refuses what cannot be made
            places = self.own_places("train")
            parts = divide(len(places), made)
            if not all(parts.values()):
                wanted = " and ".join(f"`data.{name}`" for name in made)
                raise InputError(f"{self.root}: {len(places)} train sequences are too few to take {wanted} out of them")
            return [places[position] for position in parts[split]]
        places = self.own_places(split)
        if not places:
            raise InputError(self.explain_absence(split))
        return places

    def format(self) -> EpisodeFormat:
        """What all episodes share: the first decides."""
        splits = self.splits()
        if not splits:
            raise InputError(self.absence("train"))
        place = self.locate(splits[0])[0]
        expected = self.format_of(place)
        self.require_square(place, expected)
        return expected

    def require_square(self, place: Place, expected: EpisodeFormat) -> None:
        """Refuse frames that are not square where no crop is stated; InputError names the episode that has them."""
        cropped_side(expected.height, expected.width, self.size, self.path_of(place))

    def reads(self, split: str, image_size: int) -> list[Callable[[], Episode]]:
        """What reads each episode of a split, in order: independent calls, which may be made side by side."""
        places = self.locate(split)
        expected = self.format()
        require_reducible(expected.side, image_size, self.size, self.path_of(places[0]))
        named = zip(places, self.names(places), strict=True)
        return [partial(self.read, place, name, expected, image_size) for place, name in named]

    def episodes(self, split: str, image_size: int) -> Iterator[Episode]:
        """Every episode of a split in order; InputError names the file at fault."""
        for read in self.reads(split, image_size):
            yield read()

    def digest(self, image_size: int) -> str:
        """Identity of the content: what is read and how, and which sequences are in a split that is made."""
        return text_digest(self._options(), str(image_size), self.content())

    def identity(self, files: str) -> str:
        """A manifest of files together with everything that shapes what is read of them."""
        return text_digest(self._options(), files)

    def _options(self) -> str:
        """What is not set leaves no trace, so that stores packed before an option existed are found again."""
        crop = [f"crop={self.size.crop}"] if self.size else []
        return " ".join([self.reading(), *crop, *(rule.describe(s) for s, rule in self.made_splits().items())])
