"""The names that a record uses: statuses, prefixes of splits, what the `stop` file may ask for."""

from typing import Literal

Status = Literal[
    "pending", "running", "interrupted", "finished", "pruned", "stopped", "diverged", "infeasible", "failed"
]

#: What `state.json` may say of a run: these go on with the next attempt, ...
OPEN_STATUSES: tuple[Status, ...] = ("pending", "running", "interrupted")

#: ... and these are final.
FINAL_STATUSES: tuple[Status, ...] = ("finished", "pruned", "stopped", "diverged", "infeasible", "failed")

#: What the `stop` file may ask for, and the status that the run then has.
STOP_ASKS: dict[str, Status] = {"": "stopped", "stopped": "stopped", "pruned": "pruned", "paused": "interrupted"}

#: The status of a run whose `stop` file says anything else: what nobody wrote on purpose must not be its last word.
UNKNOWN_ASK: Status = "interrupted"

#: What an evaluation tells of time: no two trainings agree on these, and on all else repeated ones do.
TIMINGS = (
    "seconds",
    "train/clips_per_second",
    "train/flops_per_second",
    "train/matrix_rate_share",
    "train/waiting_share",
)

#: How the metrics of a split begin.
PREFIXES = {"train": "train", "validate": "val", "test": "test"}

#: Statuses after which nothing more will come of a run unless somebody starts it again.
LOST: tuple[Status, ...] = ("diverged", "failed", "infeasible", "stopped")
