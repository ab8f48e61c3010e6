"""Runs as wandb recorded them: from the transaction logs of offline runs, or from its public API.

A transaction log is LevelDB's log format: blocks of 32 KiB holding records with a checksum each, which hold protobuf
messages. Nothing is sampled: both ways give every row that was logged.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cvae.errors import InputError

_MAGIC = b":W&B\xe1\xbe\x00"

_BLOCK, _HEADER = 32768, struct.Struct("<IHB")

_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


@dataclass
class LoggedRun:
    """One wandb run; `state` is wandb's word: finished, crashed, failed, running, killed."""

    id: str
    name: str = ""
    group: str = ""
    job_type: str = ""
    tags: Sequence[str] = ()
    state: str = "running"
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)


def records_of(path: Path) -> Iterator[bytes]:
    """Yield the messages of a transaction log; one that a kill cut short, and what follows it, is left out.

    Raises:
        InputError: the file cannot be read, is no transaction log, or is damaged before its end.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if data[: len(_MAGIC)] != _MAGIC:
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


def read_log(path: Path) -> LoggedRun:
    """Read one offline run whole.

    Raises:
        InputError: the file is no transaction log, is damaged, or holds no run.
    """
    from wandb.proto import wandb_internal_pb2 as pb  # here: a second, and only for imports

    found = None
    for message in records_of(path):
        record: Any = vars(pb)["Record"]()  # made at import, unseen by type checkers
        record.ParseFromString(message)
        kind = record.WhichOneof("record_type")
        if kind == "run" and found is None:
            run = record.run
            found = LoggedRun(run.run_id, run.display_name, run.run_group, run.job_type, list(run.tags))
        if kind == "run" and found is not None:
            _update(found.config, record.run.config.update)
        elif found is None:
            continue
        elif kind == "config":
            _update(found.config, record.config.update)
        elif kind == "summary":
            _update(found.summary, record.summary.update)
        elif kind == "history":
            found.history.append(_row(record.history.item))
        elif kind == "exit":
            found.state = "finished" if record.exit.exit_code == 0 else "failed"
    if found is None:
        raise InputError(f"{path}: holds no run")
    return found


def _update(values: dict[str, Any], items: Any) -> None:
    for item in items:
        *above, last = list(item.nested_key) or [item.key]
        place = values
        for key in above:
            place = place.setdefault(key, {})
        place[last] = json.loads(item.value_json)


def _row(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def read_folder(folder: Path) -> list[LoggedRun]:
    """Read every offline run under a folder; attempts of one run (the same id) become one, the later row counts.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    paths = sorted(folder.rglob("run-*.wandb"))
    if not paths:
        raise InputError(f"{folder}: holds no offline runs of wandb (offline-run-*/run-*.wandb)")
    runs: dict[str, LoggedRun] = {}
    for path in paths:
        run = read_log(path)
        earlier = runs.get(run.id)
        if earlier is not None:
            run.history = [*earlier.history, *run.history]
            run.config, run.summary = earlier.config | run.config, earlier.summary | run.summary
        runs[run.id] = run
    return list(runs.values())


def read_project(api: Any, path: str) -> list[LoggedRun]:
    """Read every run of ENTITY/PROJECT with its whole history; `api` is a `wandb.Api`."""
    return [_of_api(run) for run in api.runs(path)]


def _of_api(run: Any) -> LoggedRun:
    config, summary = dict(run.config), dict(getattr(run.summary, "_json_dict", run.summary))
    history = [dict(row) for row in run.scan_history()]
    named = (run.id, run.name or "", run.group or "", run.job_type or "", list(run.tags or ()))
    return LoggedRun(*named, run.state, config, history, summary)


def looked_up(values: Mapping[str, Any], key: str) -> Any:
    """Return a value by its dotted key, whether the mapping nests or has the dots in its keys; None where absent."""
    if key in values:
        return values[key]
    first, _, rest = key.partition(".")
    inner = values.get(first)
    return looked_up(inner, rest) if rest and isinstance(inner, Mapping) else None
