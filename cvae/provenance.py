"""Which code and which machine made a result."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: Of this project; pyproject.toml reads it here.
VERSION = "0.1.0"

PACKAGES = ("torch", "torchvision", "numpy", "pillow", "optuna", "wandb", "pymunk")


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can move a result."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _is_checkout() -> bool:
    """Whether this code is that of a checkout, and not installed somewhere within another one."""
    here = Path(__file__).resolve().parent
    command = ["git", "rev-parse", "--show-toplevel"]
    try:
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return Path(done.stdout.strip()).resolve() == here.parent


def git_diff() -> str:
    """Return the uncommitted changes of the checkout that this code lies in; empty outside one."""
    here = Path(__file__).resolve().parent
    if not _is_checkout():
        return ""
    try:
        done = subprocess.run(["git", "diff", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout


def git_commit() -> tuple[str | None, bool | None]:
    """Return the commit of the checkout that this code lies in and whether it has changes; (None, None) outside one."""
    here = Path(__file__).resolve().parent
    if not _is_checkout():
        return None, None
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        status = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None, None
    return commit.stdout.strip(), bool(status.stdout.strip())
