"""One attempt at a run, and what it writes to `state.json`."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch

from cvae.data.store import Store
from cvae.errors import InputError
from cvae.provenance import git_commit, package_versions
from cvae.record import RunError, RunFolder, RunState, flags_by_record
from cvae.run.failure_kinds import FINAL_KINDS, failure_kind
from cvae.run.fence import Fence
from cvae.training import Trainer


@dataclass
class RunAttempt:
    """One attempt at a run: its folder, and the state that it has come to."""

    folder: RunFolder
    state: RunState
    fence: Fence

    def record(self, state: RunState) -> None:
        """Write a new state.

        Raises:
            AlreadyTraining: the run is another job's by now.
        """
        self.fence.check()
        self.folder.write_state(state)
        self.state = state

    def record_start(self, trainer: Trainer, store: Store, mended: list[str]) -> None:
        """Write what is trained, on which data, by which code and machine, and what had to be put right for it."""
        commit, is_dirty = git_commit()
        started = replace(
            self.state,
            mended=(*self.state.mended, *mended),
            seconds=trainer.seconds,
            step=trainer.step,
            total_steps=trainer.config.train.steps,
            device=trainer.accelerator.name,
            precision="bf16" if trainer.accelerator.bf16 else "fp32",
            threads=torch.get_num_threads(),
            n_parameters=trainer.n_parameters,
            versions=package_versions(),
            git_commit=commit,
            git_dirty=is_dirty,
            data_fingerprint=store.fingerprint,
        )
        self.record(started)

    def record_failure(self, error: BaseException) -> None:
        """Write how an error ended the attempt; an interruption leaves the run open."""
        kind = failure_kind(error)
        status = FINAL_KINDS.get(kind, "interrupted")
        facts = None if kind == "interruption" else RunError(kind, type(error).__name__, str(error))
        ended = replace(self.state, status=status, error=facts)
        if status != "interrupted":
            epochs: list[dict[str, Any]] = []
            with suppress(InputError):  # what cannot be read must not hide what went wrong
                epochs = self.folder.read_epochs()
            ended = replace(ended, flags=flags_by_record(epochs, diverged=status == "diverged"))
        with suppress(InputError):  # a full disk takes no state, another job's run none of ours: what is raised says
            self.record(ended)
