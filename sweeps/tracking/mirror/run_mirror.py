"""One run's mirror in wandb: a pure function of its record, so that nothing is lost with it.

A run's mirror is one offline folder. A mirror that is taken up again, after a kill or because the run goes on, replaces
it by one that begins anew from the record: parts never have to be joined, and an upload that is repeated puts the same
rows in the same places.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import wandb

from cvae.errors import InputError, unless_damaged
from cvae.record import RunFolder, RunState
from sweeps.tracking.mirror.run_media import caption_of, clips_table, media_faults, media_files, media_of, strip_of
from sweeps.tracking.offline_runs import remove_offline_runs
from sweeps.tracking.settings import offline_settings
from sweeps.tracking.wandb_schema import config_of, final_scores, row_of, run_id, run_name, summary_of, tags_of

PROJECT = "cvae-sweeps"

#: Media of a run's evaluations that are mirrored, at most; those of its final evaluation always are.
MEDIA_BYTES = 64 * 2**20

#: How a run ended well as far as a browser is concerned: what it means for its result is in tags and summary.
NOT_CRASHED = ("finished", "stopped", "pruned", "diverged", "infeasible")


class RunMirror:
    """One run's mirror: one wandb run with one id, however many attempts the run and the mirror take."""

    def __init__(self, folder: RunFolder, root: Path) -> None:
        self._folder = folder
        self._root = root
        identity = folder.read_identity()
        if identity is None:
            raise InputError(f"{folder.identity}: has been removed")
        self._identity = identity
        self.damage: list[str] = []  # what is left out because it cannot be read, a sentence each
        self._run: wandb.Run | None = None
        self._steps: set[int] = set()  # evaluations that are mirrored
        self._media_bytes = 0
        self._left_out = 0
        self._seen = -1  # size of the record when it was last read

    @property
    def run_id(self) -> str:
        """The id of its wandb run."""
        return run_id(self._identity, self._folder)

    @property
    def is_open(self) -> bool:
        """Whether a wandb run is open."""
        return self._run is not None

    def catch_up(self) -> bool:
        """Mirror what is new; return whether the run has ended and all of it is mirrored.

        An evaluation counts once a checkpoint stands behind it, which `state.json` says: no attempt repeats it then,
        and its pictures are whole.
        """
        state = self._folder.read_state()
        ended = state.is_final
        size = self._folder.epochs.stat().st_size if self._folder.epochs.exists() else 0
        if not ended and size == self._seen:
            return False
        lines = self._folder.read_epochs()
        safe = [line for line in lines if ended or line["step"] <= state.step]
        for line in safe:
            self._add(line)
        if len(safe) == len(lines):
            self._seen = size
        if ended:
            self._end(state, lines)
        return ended

    def let_go(self) -> None:
        """Close the wandb run of a run that goes on later."""
        if self._run is None:
            return
        self._run.mark_preempting()
        self._run.summary["status"] = self._folder.read_state().status
        self._run.finish(exit_code=1)
        self._run = None

    def _add(self, line: dict[str, Any]) -> None:
        step = int(line["step"])
        if step in self._steps:
            return
        stem = self._folder.samples / f"step-{step:06d}"
        self.damage += media_faults(stem)
        row: dict[str, Any] = dict(row_of(line))
        if self._fits(stem):
            row |= media_of(stem, "samples", caption_of(strip_of(stem), step, line.get("val/psnr"), "val"))
        self._open().log(row, step=step, commit=True)
        self._steps.add(step)

    def _fits(self, stem: Path) -> bool:
        """Return whether an evaluation's media are within the cap; count them on the side on which they are."""
        files = media_files(stem)
        size = sum(path.stat().st_size for path in files)
        fits = self._media_bytes + size <= MEDIA_BYTES
        self._media_bytes += size if fits else 0
        self._left_out += 0 if fits else len(files)
        return fits

    def _end(self, state: RunState, lines: list[dict[str, Any]]) -> None:
        """Add summary, tags and, of a confirm run, the pictures and clips of its final evaluation; close the run."""
        run = self._open()
        run.summary.update(summary_of(state, lines))
        if state.final and self._identity.phase == "confirm":
            self._add_final(run, state)
        run.tags = tuple(tags_of(self._identity, state))
        if self._left_out:
            run.summary["samples/left_out"] = self._left_out
        run.finish(exit_code=0 if state.status in NOT_CRASHED else 1)
        self._run = None

    def _add_final(self, run: wandb.Run, state: RunState) -> None:
        stem, split = self._folder.samples / "final", self._config["evaluation"]["final_split"]
        self.damage += media_faults(stem)
        caption = caption_of(strip_of(stem), state.step, final_scores(state).get("psnr"), split)
        media = media_of(stem, "final", caption)
        run.log({"step": state.step} | media, step=state.step + 1, commit=True)
        if os.path.lexists(self._folder.clips):  # in the summary: its size would be charts beside the metrics
            run.summary["final/clips"] = unless_damaged(lambda: clips_table(self._folder), None, self.damage)

    @cached_property
    def _config(self) -> dict[str, Any]:
        return config_of(self._folder, self._identity)

    def _open(self) -> wandb.Run:
        if self._run is None:
            remove_offline_runs(self._root / "wandb", self.run_id)
            self._run = wandb.init(
                dir=str(self._root),
                project=PROJECT,
                id=self.run_id,
                name=run_name(self._identity),
                group=self._identity.experiment,
                job_type=self._identity.phase,
                tags=tags_of(self._identity),
                config=self._config,
                settings=offline_settings(),
            )
            self._run.define_metric("step", hidden=True)
            self._run.define_metric("*", step_metric="step")
        return self._run
