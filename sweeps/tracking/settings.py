"""wandb's settings for a mirror: small, quiet, current, and at home in the experiment's folder."""

import os
from collections.abc import Mapping
from pathlib import Path

import wandb

#: Where wandb keeps what is no run: under the experiment's folder.
CACHE = ".cache"


def offline_settings() -> wandb.Settings:
    """Return settings that keep a run small and quiet, and lose at most a second to a kill.

    Media are hard links to the run folder's own pictures: they take no room twice, and outlive a move.
    """
    return wandb.Settings(
        mode="offline",
        reinit="create_new",
        console="off",
        silent=True,
        symlink=False,
        allow_media_symlink=True,
        disable_git=True,
        disable_code=True,
        disable_job_creation=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
        x_transaction_log_flush_interval=1.0,
    )


def quiet_environment(root: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for a process that mirrors: no key to leak, no variable to steer it, its caches in ROOT."""
    kept = {k: v for k, v in (environment or os.environ).items() if not k.startswith("WANDB_")}
    return kept | home_of_wandb(root)


def home_of_wandb(root: Path) -> dict[str, str]:
    """Return the variables that keep wandb's caches and configuration in the experiment's folder, and it silent."""
    homes = {f"WANDB_{name}_DIR": str((root / CACHE).resolve()) for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT")}
    return homes | {"WANDB_DIR": str(root.resolve()), "WANDB_ERROR_REPORTING": "false"}
