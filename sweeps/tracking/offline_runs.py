"""Offline runs of wandb: the folders that it writes without a server, and what their transaction logs hold.

A transaction log is LevelDB's log format: blocks of 32 KiB holding records with a checksum each, which hold protobuf
messages. Its framing is read here because wandb's Python part reads it no more, and the command that does
(`wandb leet inspect`) passes over damage without a word. Nothing is sampled: every row that was logged is there.
wandb is imported where a log is read, not before.
"""

import json
import shutil
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from cvae.files import parse_json

PREFIX = "offline-run-"

_MAGIC = b":W&B\xe1\xbe\x00"

_BLOCK, _HEADER = 32768, struct.Struct("<IHB")

_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


@dataclass
class LoggedRun:
    """What wandb recorded of one run; `state` is wandb's word: finished, crashed, failed, running, killed."""

    id: str
    name: str = ""
    group: str = ""
    job_type: str = ""
    tags: Sequence[str] = ()
    state: str = "running"
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    axes: dict[str, str] = field(default_factory=dict)  # metric -> the metric that is its x axis
    media: list[str] = field(default_factory=list)  # paths within `files/`


@dataclass(frozen=True)
class OfflineRun:
    """One offline folder."""

    path: Path

    @property
    def run_id(self) -> str:
        """Id of the run that it belongs to."""
        return self.log.stem.removeprefix("run-")

    @property
    def log(self) -> Path:
        """The transaction log."""
        return next(self.path.glob("run-*.wandb"), self.path / "run-.wandb")

    @property
    def is_synced(self) -> bool:
        """Whether `wandb sync` has marked it as uploaded."""
        return self.marker.exists()

    @property
    def marker(self) -> Path:
        """The file by which `wandb sync` remembers that it has uploaded the log."""
        return self.log.with_name(f"{self.log.name}.synced")

    def read(self) -> LoggedRun:
        """Return what is in it; empty where a kill left nothing whole.

        Raises:
            InputError: the log cannot be read, is none, or is damaged before its end.
        """
        return read_log(self.log) or LoggedRun(self.run_id)


def offline_runs_of(wandb_folder: Path, run_id: str | None = None) -> list[OfflineRun]:
    """Return the offline runs in an experiment's wandb folder, of one id or of all, oldest first."""
    pattern = f"{PREFIX}*-{run_id}" if run_id else f"{PREFIX}*"
    folders = [OfflineRun(path) for path in sorted(wandb_folder.glob(pattern)) if path.is_dir()]
    return [run for run in folders if run.log.exists() and (run_id is None or run.run_id == run_id)]


def remove_offline_runs(wandb_folder: Path, run_id: str) -> None:
    """Remove the offline folders of a run, those too in which a kill has left no log."""
    for path in wandb_folder.glob(f"{PREFIX}*-{run_id}"):
        if path.name.removeprefix(PREFIX).partition("-")[2] == run_id:  # no id of which this is the end
            shutil.rmtree(path, ignore_errors=True)


def read_mirrored(note: Path) -> tuple[dict[str, int], str | None]:
    """Return run -> version of its state that is mirrored whole, as a mirror notes it, and what is wrong with the note.

    Where it is damaged nothing counts: what is mirrored again takes the same place.
    """
    try:
        values = parse_json(note.read_bytes())
        if isinstance(values, dict):
            return {str(key): int(version) for key, version in values.items()}, None
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError, TypeError):
        pass
    return {}, f"{note}: is damaged; every run is mirrored again"


def read_log(path: Path) -> LoggedRun | None:
    """Return what a transaction log holds; None where a kill cut it short before it named its run.

    Raises:
        InputError: the file cannot be read, is no transaction log, or is damaged before its end.
    """
    from wandb.proto import wandb_internal_pb2 as pb  # here: a second, and only where a log is read

    logged: LoggedRun | None = None
    for message in messages_of(path):
        record: Any = vars(pb)["Record"]()  # made at import, unseen by type checkers
        record.ParseFromString(message)
        if record.WhichOneof("record_type") == "run":
            logged = logged or LoggedRun(record.run.run_id)
        if logged is not None:
            _take(logged, record)
    return logged


def _take(logged: LoggedRun, record: Any) -> None:
    """Add what a message says; of what is said twice the later counts."""
    match record.WhichOneof("record_type"):
        case "run":
            run = record.run
            logged.name, logged.group, logged.job_type = run.display_name, run.run_group, run.job_type
            logged.tags = list(run.tags)
            _update(logged.config, run.config.update)
        case "config":
            _update(logged.config, record.config.update)
        case "summary":
            _update(logged.summary, record.summary.update)
        case "history":
            logged.history.append(_row(record.history.item))
        case "metric" if record.metric.step_metric:
            logged.axes[record.metric.name or record.metric.glob_name] = record.metric.step_metric
        case "files":
            logged.media += [file.path for file in record.files.files if file.path.startswith("media/")]
        case "exit":
            logged.state = "finished" if record.exit.exit_code == 0 else "failed"


def _update(values: dict[str, Any], items: Any) -> None:
    for item in items:
        *above, last = list(item.nested_key) or [item.key]
        inner = values
        for key in above:
            inner = inner.setdefault(key, {})
        inner[last] = json.loads(item.value_json)


def _row(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def messages_of(path: Path) -> Iterator[bytes]:
    """Yield the messages of a transaction log; one that a kill cut short, and what follows it, is left out.

    Raises:
        InputError: the file cannot be read, is no transaction log, or is damaged before its end.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if data[: len(_MAGIC)] != _MAGIC[: len(data)]:
        raise InputError(f"{path}: not a transaction log of wandb")
    position = len(_MAGIC)
    parts: list[bytes] = []
    while position + _HEADER.size <= len(data):
        if _BLOCK - position % _BLOCK < _HEADER.size:  # too little room for a record: the block is padded
            position += _BLOCK - position % _BLOCK
            continue
        checksum, length, kind = _HEADER.unpack_from(data, position)
        start = position + _HEADER.size
        part, position = data[start : start + length], start + length
        if len(part) < length:
            return
        if kind not in (_FULL, _FIRST, _MIDDLE, _LAST) or zlib.crc32(bytes([kind]) + part) != checksum:
            raise InputError(f"{path}: damaged at byte {start - _HEADER.size} of {len(data)}")
        parts = [part] if kind in (_FULL, _FIRST) else [*parts, part]
        if kind in (_FULL, _LAST):
            yield b"".join(parts)
