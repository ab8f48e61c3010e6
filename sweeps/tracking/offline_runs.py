"""What an offline folder of wandb holds: a fragment, because wandb may keep a run in several. A mirror keeps one."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.util import get_core_path

PREFIX = "offline-run-"


@dataclass
class Holding:
    """What a fragment holds."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    group: str = ""
    job_type: str = ""
    tags: list[str] = field(default_factory=list)
    axes: dict[str, str] = field(default_factory=dict)  # metric -> the metric that is its x axis
    media: list[str] = field(default_factory=list)  # paths within `files/`
    exit_code: int | None = None


def is_final(row: Mapping[str, Any]) -> bool:
    """Return whether a row is that of the final evaluation: the record keeps it in state.json, not as a line."""
    return any(key.startswith("final/") for key in row)


@dataclass(frozen=True)
class Fragment:
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

    def read(self) -> Holding:
        """Return what is in it, as `wandb leet inspect` reads it; what a kill tore is left out."""
        found = Holding()
        # what `wandb leet inspect --json LOG` runs, without the second that the command itself takes to start
        command = [get_core_path(), "leet", "inspect", "--no-observability", "--json", "--run-file", str(self.log)]
        told = subprocess.run([*command, str(self.path)], capture_output=True, text=True, check=False)
        for line in told.stdout.splitlines():
            record = json.loads(line) if line.startswith("{") else {}
            _take(found, record)
        return found


def _take(found: Holding, record: dict[str, Any]) -> None:
    match record:
        case {"type": "run", "run": run}:
            found.name, found.tags = run.get("display_name", ""), run.get("tags", [])
            found.group, found.job_type = run.get("run_group", ""), run.get("job_type", "")
            found.config = run.get("config", {}).get("update", {})
        case {"type": "history", "history": history}:
            found.rows.append(history["item"])
        case {"type": "summary", "summary": summary}:
            found.summary |= summary.get("update", {})
        case {"type": "metric", "metric": metric} if "step_metric" in metric:
            found.axes[metric.get("name") or metric["glob_name"]] = metric["step_metric"]
        case {"type": "files", "files": {"files": files}}:
            found.media += [file["path"] for file in files if file["path"].startswith("media/")]
        case {"type": "exit", "exit": told}:
            found.exit_code = told.get("exit_code", 0)


def fragments_of(wandb_folder: Path, run_id: str | None = None) -> list[Fragment]:
    """Return the fragments in an experiment's wandb folder, of one run or of all, oldest first."""
    pattern = f"{PREFIX}*-{run_id}" if run_id else f"{PREFIX}*"
    found = [Fragment(path) for path in sorted(wandb_folder.glob(pattern)) if path.is_dir()]
    return [f for f in found if f.log.exists() and (run_id is None or f.run_id == run_id)]
