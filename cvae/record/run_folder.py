"""A run's folder: every file of it is a named property here, and its contents are the protocol.

Reading a record needs no torch, so that a report starts at once.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from cvae.files import held, write_atomically, write_json
from cvae.record.names import STOP_ASKS, Status
from cvae.record.run_state import Record, RunIdentity, RunState, parse_record


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
    def epochs(self) -> Path:
        """One JSON object a line for each evaluation."""
        return self.path / "epochs.jsonl"

    @property
    def state(self) -> Path:
        """Status, attempt, seconds, error, device, versions: JSON, replaced atomically."""
        return self.path / "state.json"

    @property
    def heartbeat(self) -> Path:
        """The number of training steps done, as text; it advances while the training does."""
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
        return _parse(RunState, self.state) or RunState()

    def write_state(self, state: RunState) -> None:
        """Replace the state."""
        write_json(self.state, asdict(state))

    def read_identity(self) -> RunIdentity | None:
        """Return what the run is within its experiment; None for a run made by hand.

        Raises:
            InputError: the file is damaged.
        """
        return _parse(RunIdentity, self.identity)

    def write_identity(self, identity: RunIdentity) -> None:
        """Write what the run is within its experiment."""
        write_json(self.identity, identity.written())

    def read_epochs(self) -> list[dict[str, Any]]:
        """Return the evaluations in order. A last line cut short by a kill is left out."""
        if not self.epochs.exists():
            return []
        lines = self.epochs.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]  # what follows the last newline is empty or torn

    def append_epoch(self, values: Mapping[str, Any]) -> None:
        """Append one evaluation and flush it to the disk."""
        with self.epochs.open("ab") as file:
            file.write((json.dumps(values) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())

    def keep_epochs(self, last_step: int) -> bool:
        """Drop the evaluations after a step: those that a killed attempt wrote and the next will write again.

        Returns whether a line that a kill had torn was among them.
        """
        is_torn = self.epochs.exists() and self.epochs.read_bytes()[-1:] not in (b"", b"\n")
        kept = [line for line in self.read_epochs() if line["step"] <= last_step]
        write_atomically(self.epochs, "".join(json.dumps(line) + "\n" for line in kept).encode())
        return is_torn

    def read_heartbeat(self) -> int:
        """Return the number of training steps done; 0 where none was written."""
        try:
            return int(self.heartbeat.read_text(encoding="utf-8") or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def ask_to_stop(self, how: str = "stopped") -> None:
        """Ask the run to end at its next evaluation: for good (`stopped`, `pruned`), or to go on later (`paused`)."""
        write_atomically(self.stop, how.encode())

    def asked_status(self) -> Status | None:
        """Return the status that the `stop` file asks for; None where nobody asks."""
        try:
            return STOP_ASKS.get(self.stop.read_text(encoding="utf-8").strip(), "stopped")
        except FileNotFoundError:
            return None

    def read_epochs_after(self, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return the whole evaluations that begin at a byte offset, and the offset of what follows them."""
        if not self.epochs.exists() or self.epochs.stat().st_size <= offset:
            return [], offset
        with self.epochs.open("rb") as file:
            file.seek(offset)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        return [json.loads(line) for line in whole.splitlines()], offset + len(whole)

    def is_being_trained(self) -> bool:
        """Return whether a live process holds the run."""
        with held(self.lock) as free:
            return not free


def _parse(kind: type[Record], path: Path) -> Record | None:
    """Return what a file of the record says; None where there is none.

    Raises:
        InputError: it is damaged.
    """
    try:
        return parse_record(kind, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except ValueError as error:  # no JSON, no UTF-8, or of another shape
        raise InputError(f"{path}: is damaged ({error})") from error
