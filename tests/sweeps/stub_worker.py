"""A worker that keeps the true protocol of a run folder but computes nothing: `stub_worker.py RUN_FOLDER [how]`.

The score is a fixed function of parameters and seed, so that sweeps can be compared exactly. A worker that `waits` goes
no further than its last step but one before it has a ticket: whoever hands them out decides how far a sweep gets.
"""

import os
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cvae.files import held
from cvae.record import RunError, RunState
from cvae.record.names import PREFIXES
from cvae.record.run_folder import RunFolder

STEPS = 4


def score(folder: RunFolder, step: int) -> float:
    identity = folder.read_identity()
    assert identity is not None
    lr = identity.params.get("optim.lr", 0.01)
    return 20 + 100 * lr + 0.1 * (identity.seed % 7) + 0.01 * step


def prefix_of(folder: RunFolder) -> str:
    """The prefix of a run's final metrics; the configuration's own parser takes longer to load than all else here."""
    lines = [line.split(":") for line in folder.config.read_text().splitlines()]
    return next(PREFIXES[words[1].strip()] for words in lines if words[0].strip() == "final_split")


def tickets_of(runs: Path) -> Path:
    """The folder of the tickets for the runs of a sweep."""
    return runs / "tickets"


def wait_for_ticket(run: Path) -> None:
    """Take one of the tickets that are there, once for all attempts at a run."""
    tickets = tickets_of(run.parents[2])
    own = tickets / f"taken-{run.parent.name}-{run.name}"
    while not own.exists():
        if not tickets.exists():
            sys.exit("nobody hands out tickets any more")
        for free in tickets.glob("free-*"):
            with suppress(FileNotFoundError):  # another was faster
                free.rename(own)
                break
        time.sleep(0.01)


def work(folder: RunFolder, how: str) -> None:
    with held(folder.lock) as is_ours:
        before = folder.read_state()
        if not is_ours or before.is_final:
            sys.exit(0 if is_ours else 3)
        done = len(folder.read_epochs())
        folder.keep_epochs(done)  # also ends a torn line
        state = RunState("running", attempt=before.attempt + 1, pid=os.getpid(), total_steps=STEPS)
        folder.write_state(replace(state, step=done))
        for step in range(done + 1, STEPS + 1):
            if how == "dies":
                os.kill(os.getpid(), 9)
            if how == "waits" and step == STEPS:
                wait_for_ticket(folder.path)
            if how == "hangs" and state.attempt == 1 and step == 2:
                time.sleep(600)
            time.sleep(0.02)
            folder.append_epoch({"step": step, "val/psnr": score(folder, step), "train/kl": 1.0})
            folder.heartbeat.write_text(str(step))
            if step < STEPS and (asked := folder.asked_status()):
                folder.write_state(replace(state, status=asked, step=step))
                return
            folder.write_state(replace(state, step=step))
        if how == "diverges":
            folder.write_state(replace(state, status="diverged", error=RunError("diverged", "Diverged", "nan")))
            return
        final = {f"{prefix_of(folder)}/psnr": score(folder, STEPS)}
        folder.write_state(replace(state, status="finished", step=STEPS, final=final))


if __name__ == "__main__":
    work(RunFolder(Path(sys.argv[1])), sys.argv[2] if len(sys.argv) > 2 else "works")
