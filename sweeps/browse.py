"""Browse an experiment's runs in the terminal, without account or network: `python -m sweeps.browse runs/NAME`."""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.experiment_folder import find_experiment
from sweeps.tracking.offline_runs import PREFIX, offline_runs_of
from sweeps.tracking.process import mirror_now
from sweeps.tracking.settings import quiet_environment
from sweeps.tracking.wandb_schema import run_id

app = new_command()

#: How `wandb leet` looks when it is opened first: all metrics on one page, pictures below; what is changed there stays.
LAYOUT = {
    "workspace_metrics_grid": {"rows": 4, "cols": 4},
    "metrics_grid": {"rows": 4, "cols": 4},
    "media_grid": {"rows": 1, "cols": 2},
    "workspace_media_visible": True,
    "media_visible": True,
}

#: Letters of an arm's name in its list, which has some thirty in a terminal of 120 columns.
MOST_LETTERS = 16

#: `wandb leet` looks for new runs as often.
LOOK_AGAIN_S = 5.0


def name_runs(root: Path) -> Path:
    """Return a folder in which every offline run of an experiment is found under a name that begins with arm and seed.

    `wandb leet` lists runs by their folders' names, cut to a few letters, and wandb's own begin with a date. It takes a
    folder for a run that begins with `run-`, and for its id what follows `run-DATE_TIME-` in its name, wherever.
    """
    folder = root / ".cache" / "browse"
    folder.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, Path] = {}
    for path in sorted(root.glob("*/*/run.json")):
        run = RunFolder(path.parent)
        identity = run.read_identity()
        if identity is None:
            continue
        for offline in offline_runs_of(root / "wandb", run_id(identity, run))[-1:]:
            rest = offline.path.name.removeprefix(PREFIX)
            named = f"{shortened(identity.arm)}-s{identity.seed}-{identity.phase}-{identity.number}".replace(" ", "-")
            wanted[f"run-{named}-run-{rest}"] = offline.path
    for link in folder.iterdir():
        if link.name not in wanted:
            link.unlink()
    for name, path in wanted.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(path.resolve())
    return folder


def shortened(arm: str) -> str:
    """Return an arm's name, cut in the middle so that the seed after it is seen."""
    return arm if len(arm) <= MOST_LETTERS else f"{arm[:8]}..{arm[-6:]}"


def keep_names(root: Path, is_over: threading.Event) -> None:
    """Name runs as they come, until it is over."""
    while not is_over.wait(LOOK_AGAIN_S):
        with suppress(InputError, OSError):  # what is half written or just being replaced is named the next time
            name_runs(root)


@app.command()
def browse(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="its folder, name or file")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="folder that holds the experiment's folder")] = Path("runs"),
) -> None:
    """Open `wandb leet` on an experiment. Runs that are not mirrored yet, for whatever reason, are mirrored first."""
    root = find_experiment(experiment, runs)
    if not any(root.glob("*/*/run.json")):
        raise InputError(f"{root}: no run has begun")
    mirror_now(root)  # False where its sweep is mirroring it: all the better
    home = Path(quiet_environment(root)["WANDB_CONFIG_DIR"])
    home.mkdir(parents=True, exist_ok=True)
    if not (layout := home / "wandb-leet.json").exists():
        layout.write_text(json.dumps(LAYOUT, indent=2) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "wandb", "leet", str(name_runs(root))]
    is_over = threading.Event()
    threading.Thread(target=keep_names, args=(root, is_over), daemon=True, name="names").start()
    done = subprocess.run(command, env=quiet_environment(root), check=False)
    is_over.set()
    raise typer.Exit(done.returncode)


if __name__ == "__main__":
    run_command(app)
