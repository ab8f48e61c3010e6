"""What meta/info.json says of a LeRobot data set: its version, features and splits, and where files lie."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cvae.data.sources.split_folders import SPLIT_WORDS, SPLITS
from cvae.errors import InputError, nearest
from cvae.sections import first_mistake

INFO = Path("meta") / "info.json"


class DatasetFeature(BaseModel):
    """One feature of info.json: `video`, `image` or a type of numbers."""

    model_config = ConfigDict(frozen=True)

    dtype: str


class DatasetInfo(BaseModel):
    """What is read of info.json; it holds more."""

    model_config = ConfigDict(frozen=True)

    codebase_version: str
    fps: float = Field(gt=0, allow_inf_nan=False)
    features: dict[str, DatasetFeature]
    data_path: str
    video_path: str | None = None
    chunks_size: int = Field(1000, ge=1)
    splits: dict[str, str] = Field(default_factory=dict)

    @property
    def is_v3(self) -> bool:
        """Whether several episodes share a file."""
        return self.codebase_version.startswith("v3.")


class EpisodeFiles(NamedTuple):
    """Where one episode lies.

    Attributes:
        number: its `episode_index`.
        length: frames that meta/ promises.
        table: the parquet file of its rows.
        film: the mp4 file of its frames; None where they are pictures in the table.
        start_s: time of its first frame in the film; None where the film is its own.
    """

    number: int
    length: int
    table: Path
    film: Path | None
    start_s: float | None

    @property
    def where(self) -> str:
        """The episode for messages."""
        return f"{self.table}: episode {self.number}"


def read_info(root: Path) -> DatasetInfo:
    """What a data set says of itself; InputError where it is none, or of a version that is not read."""
    path = root / INFO
    try:
        info = DatasetInfo.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); set `data.root` to a LeRobot folder") from error
    except ValidationError as error:
        mistake = first_mistake(error)
        raise InputError(f"{path}: {mistake.path or 'the file'}: {mistake.message}") from error
    if not info.codebase_version.startswith(("v2.", "v3.")):
        raise InputError(f"{path}: codebase_version is {info.codebase_version!r}; v2.0, v2.1 and v3.0 are read")
    return info


def split_ranges(root: Path, info: DatasetInfo) -> dict[str, range]:
    """Episode numbers of each split of ours; a data set that names none is all train."""
    ranges = {}
    for name, written in info.splits.items():
        if name not in SPLIT_WORDS:
            continue
        first, _, end = written.partition(":")
        if not (first.isdecimal() and end.isdecimal()):
            raise InputError(f"{root / INFO}: splits.{name} is {written!r}; expected FIRST:END, such as 0:50")
        if (split := SPLIT_WORDS[name]) in ranges:
            raise InputError(f"{root / INFO}: splits.{name} is a second {split} split")
        ranges[split] = range(int(first), int(end))
    return {split: ranges[split] for split in SPLITS if ranges.get(split)}


def choose_camera(root: Path, info: DatasetInfo, wanted: str | None) -> str:
    """The feature of the frames; InputError where it is none, or several could be meant."""
    cameras = [name for name, feature in info.features.items() if feature.dtype in ("video", "image")]
    if wanted is None and len(cameras) == 1:
        return cameras[0]
    if wanted in cameras:
        return str(wanted)
    if wanted is None:
        has = ", ".join(cameras) or "none"
        raise InputError(f"{root / INFO}: which camera is meant is not clear, it has {has}; set `data.keys.frames`")
    raise InputError(f"{root / INFO}: has no film or pictures `{wanted}`; {_known(wanted, cameras)}")


def require_features(root: Path, info: DatasetInfo, names: Iterable[str]) -> None:
    """Refuse names of features that are not there; InputError says the nearest."""
    for name in names:
        if name not in info.features:
            raise InputError(f"{root / INFO}: has no feature `{name}`; {_known(name, info.features)}")


def _known(name: str, there: Iterable[str]) -> str:
    close = nearest(name, there)
    return f"did you mean `{close}`?" if close else f"it has {', '.join(there) or 'none'} (`data.keys` names them)"


def film_of(root: Path, info: DatasetInfo, camera: str, names: Mapping[str, Any]) -> Path | None:
    """The film of a camera; None where its frames are pictures in the tables."""
    if info.features[camera].dtype != "video":
        return None
    if info.video_path is None:
        raise InputError(f"{root / INFO}: has no `video_path`, and `{camera}` is a film")
    return file_of(root, info.video_path, names)


def file_of(root: Path, template: str, names: Mapping[str, Any]) -> Path:
    """A file of the data set by info.json's template; InputError where that leads elsewhere."""
    try:
        relative = Path(template.format(**names))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise InputError(f"{root / INFO}: {template!r} names no file ({error})") from error
    if relative.is_absolute() or ".." in relative.parts:
        raise InputError(f"{root / INFO}: {template!r} leads out of the data set")
    return root / relative
