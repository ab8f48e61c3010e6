"""A run's folder: every file of it is a named property here, and its contents are the protocol.

Reading a record needs no torch, so that a report starts at once.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from cvae.files import holder_of, is_locked, read_current, write_atomically, write_json
from cvae.processes import ProcessMark, mark_of
from cvae.record.epoch_lines import bytes_from, describe_damage, parse_epochs
from cvae.record.names import STOP_ASKS, UNKNOWN_ASK, Status
from cvae.record.run_state import RunIdentity, RunState, parse_file


@dataclass(frozen=True)
class RunFolder:
    """The files of one trained model."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved configuration, YAML: all that a worker needs to train."""
        return self.path / "config.yaml"

    @property
    def identity(self) -> Path:
        """What the run is within its experiment, JSON: names, phase, parameters, how it is tracked."""
        return self.path / "run.json"

    @property
    def job(self) -> Path:
        """The job that trains the run, or trained it last, JSON: its token, engine and id; replaced atomically."""
        return self.path / "job.json"

    @property
    def epochs(self) -> Path:
        """One JSON object a line for each evaluation."""
        return self.path / "epochs.jsonl"

    @property
    def state(self) -> Path:
        """Status, attempt, seconds, error, device, versions: JSON, replaced atomically."""
        return self.path / "state.json"

    @property
    def heartbeat(self) -> Path:
        """Training steps done, then signs of other work, as text; one of them advances while the run is at work."""
        return self.path / "heartbeat"

    @property
    def stop(self) -> Path:
        """Exists when somebody wants the run to end at its next evaluation."""
        return self.path / "stop"

    @property
    def lock(self) -> Path:
        """Locked by the process that trains."""
        return self.path / "lock"

    @property
    def checkpoint(self) -> Path:
        """Model, optimizer and step, tensors only."""
        return self.path / "checkpoint.pt"

    @property
    def best(self) -> Path:
        """Weights of the best evaluation, where `evaluation.checkpoint` keeps them: for use, they decide nothing."""
        return self.path / "best.pt"

    @property
    def samples(self) -> Path:
        """Strips (PNG) and GIFs of truth over prediction."""
        return self.path / "samples"

    @property
    def clips(self) -> Path:
        """Metrics of the final evaluation for every clip and frame, npz."""
        return self.path / "clips.npz"

    @property
    def diagnostics(self) -> Path:
        """What the full evaluation says of the latent, by protocol and of the samples, JSON."""
        return self.path / "diagnostics.json"

    @property
    def log(self) -> Path:
        """What the worker printed."""
        return self.path / "worker.log"

    def read_state(self) -> RunState:
        """Return the state; a pending one where no worker has written any.

        Raises:
            InputError: the file is damaged.
        """
        return parse_file(RunState, self.state, must_have="status") or RunState()

    def write_state(self, state: RunState) -> None:
        """Replace the state."""
        write_json(self.state, asdict(state))

    def read_identity(self) -> RunIdentity | None:
        """Return what the run is within its experiment; None for a run made by hand.

        Raises:
            InputError: the file is damaged.
        """
        return parse_file(RunIdentity, self.identity, must_have="params")

    def write_identity(self, identity: RunIdentity) -> None:
        """Write what the run is within its experiment."""
        write_json(self.identity, identity.written())

    def read_epochs(self) -> list[dict[str, Any]]:
        """Return the evaluations in order, as far as they can be read: a line cut short by a kill is left out."""
        return parse_epochs(bytes_from(self.epochs))[0]

    def epochs_damage(self, *, only_ends: bool = False) -> str | None:
        """Return what is wrong with the evaluations beside a torn last line, as a sentence; None where nothing is.

        With `only_ends` those in the middle of a long record are not read.
        """
        return describe_damage(self.epochs, only_ends=only_ends)

    def append_epoch(self, values: Mapping[str, Any]) -> None:
        """Append one evaluation and flush it to the disk."""
        _append(self.epochs, (json.dumps(values) + "\n").encode())

    def keep_epochs(self, last_step: int) -> bool:
        """Drop the evaluations after a step, which the next attempt writes again; return whether a kill tore one."""
        is_torn = bytes_from(self.epochs)[-1:] not in (b"", b"\n")
        kept = "".join(json.dumps(line) + "\n" for line in self.read_epochs() if line["step"] <= last_step)
        write_atomically(self.epochs, kept.encode())
        return is_torn

    def read_heartbeat(self) -> int:
        """Return the number of training steps done; 0 where none was written."""
        with suppress(OSError, ValueError, IndexError):
            return max(0, int(read_current(self.heartbeat).split()[0]))
        return 0

    def ask_to_stop(self, how: str = "stopped") -> None:
        """Ask the run to end at its next evaluation: for good (`stopped`, `pruned`), or to go on later (`paused`)."""
        write_atomically(self.stop, how.encode())

    def asked_status(self) -> Status | None:
        """Return the status that the `stop` file asks for; None where nobody asks."""
        asked = _read_if_there(self.stop)
        return None if asked is None else STOP_ASKS.get(asked, UNKNOWN_ASK)

    def read_epochs_after(self, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return the whole evaluations that begin at a byte offset, and the offset of what follows them."""
        new = bytes_from(self.epochs, offset)
        whole = new[: new.rfind(b"\n") + 1]
        return parse_epochs(whole)[0], offset + len(whole)

    def is_being_trained(self) -> bool:
        """Return whether a live process holds the run. Looking leaves nothing behind."""
        return is_locked(self.lock) or _recorded_trainer(self) is not None

    def trainer(self) -> ProcessMark | None:
        """Return the live process that trains the run; None where there is none, or it is not known for certain."""
        return (holder_of(self.lock) if is_locked(self.lock) else None) or _recorded_trainer(self)


def _recorded_trainer(folder: RunFolder) -> ProcessMark | None:
    """Return the process that the state says is at work, if it is this very one: its lock may have been removed."""
    with suppress(InputError):
        state = folder.read_state()
        if state.status == "running" and state.pid is not None and state.birth is not None:
            mark = mark_of(state.pid)
            return mark if mark is not None and mark.birth == state.birth else None
    return None


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read_if_there(path: Path) -> str | None:
    """Return a small file's words, whatever they are; None where there is none."""
    try:
        return read_current(path).strip().decode(errors="replace")
    except FileNotFoundError:
        return None
