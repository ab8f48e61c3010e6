"""A study belongs to one experiment folder: a database may hold another folder's study of the same name."""

import socket
import uuid
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage

from cvae.errors import InputError
from cvae.files import write_atomically
from sweeps.experiment import Experiment
from sweeps.experiment_folder import ExperimentFolder, Ledger
from sweeps.study.arm_study import study_name

#: User attribute of a study that says whose it is: `id` of the folder, its path and machine at the last start.
OWNER = "folder"


def claim_studies(experiment: Experiment, root: ExperimentFolder, storage: BaseStorage) -> None:
    """Refuse a storage whose studies are another folder's; make those of this folder known as its own.

    Call before the studies are opened, and again after: what is new is claimed then.

    Raises:
        InputError: a study belongs to another folder, or nothing says that it belongs to this one.
    """
    own = {"id": _folder_id(root), "path": str(root.path.resolve()), "host": socket.gethostname()}
    names = set(optuna.get_all_study_names(storage))
    studies = [
        optuna.load_study(study_name=name, storage=storage)
        for arm in experiment.arms
        for tuning in range(experiment.n_tunings)
        if (name := study_name(experiment, arm, tuning)) in names
    ]
    if not isinstance(storage, JournalStorage):  # which lies in the folder itself
        for study in studies:
            _check_owner(study, root, own)
    for study in studies:
        if study.user_attrs.get(OWNER) != own:
            study.set_user_attr(OWNER, own)


def _check_owner(study: optuna.Study, root: ExperimentFolder, own: dict[str, Any]) -> None:
    owner = study.user_attrs.get(OWNER)
    if not isinstance(owner, dict):
        if study.get_trials(deepcopy=False) and not any(root.path.glob("*/*/run.json")):
            raise _refusal(study, root, "does not say whose it is, and this folder has no runs")
        return
    elsewhere = f"{owner.get('path')} on {owner.get('host')}"
    if owner.get("id") != own["id"]:
        raise _refusal(study, root, f"belongs to {elsewhere}")
    other = ExperimentFolder(Path(str(owner.get("path"))))
    has_moved = (owner.get("path"), owner.get("host")) != (own["path"], own["host"])
    if has_moved and owner.get("host") == own["host"] and _read_id(other) == own["id"]:
        raise _refusal(study, root, f"belongs to {elsewhere}, of which this folder is a copy")


def _refusal(study: optuna.Study, root: ExperimentFolder, why: str) -> InputError:
    return InputError(
        f"{root.path}: the study '{study.study_name}' in its storage {why}; give the experiment another name "
        "(--set name=...), another --storage, or go on with that folder"
    )


def _folder_id(root: ExperimentFolder) -> str:
    """Return what a folder is known by; where the file was lost the ledger says it, and a new folder gets a new one."""
    known = _read_id(root)
    if known is None:
        launched = (Ledger(root.ledger).last_start() or {}).get("folder_id")
        known = str(launched) if launched else uuid.uuid4().hex
        write_atomically(root.folder_id, f"{known}\n".encode())
    return known


def _read_id(root: ExperimentFolder) -> str | None:
    try:
        return uuid.UUID(root.folder_id.read_bytes().strip().decode("ascii")).hex
    except (OSError, ValueError):
        return None


def facts_of(root: ExperimentFolder) -> dict[str, str]:
    """Return what the ledger keeps, so that either can be made again: the folder's id, and where its studies lie."""
    facts = {"folder_id": _folder_id(root)}
    return facts | ({"storage": root.storage.read_text(encoding="utf-8").strip()} if root.storage.exists() else {})
