"""From a run's folder to typed values: what cannot be read is named, and the rest is read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from cvae.config import load_yaml_mapping
from cvae.errors import InputError, unless_damaged
from cvae.files import parse_json
from cvae.record import RunFolder, RunIdentity, RunState
from sweeps.experiment import Phase, format_run_name, parse_run_name
from sweeps.report.reading.clip_scores import clips_damage
from sweeps.report.reading.epochs import columns_of
from sweeps.report.reading.records import RunRecord


def read_run(path: Path, damage: list[str]) -> RunRecord:
    """Read one run's folder; whatever a young run has not written yet is empty, and so is what cannot be read.

    Args:
        path: of the folder.
        damage: takes what cannot be read, a sentence each. A run without its state has no result.
    """
    named = parse_run_name(path.name)
    assert named is not None, path  # the caller has looked
    return _record(path, *named, damage)


def read_lone_run(path: Path, name: str) -> RunRecord:
    """Read one run's folder, of an experiment or none, as the only confirm run of an arm of that name.

    Raises:
        InputError: it is no run folder, or a file of the record is damaged.
    """
    damage: list[str] = []
    if not RunFolder(path).config.is_file():
        raise InputError(f"{path}: not a run's folder; expected a config.yaml in it")
    record = _record(path, "confirm", 0, None, damage)
    if damage:
        raise InputError("; ".join(damage))
    return replace(record, arm=name)


def _record(path: Path, phase: str, number: int, seed: int | None, damage: list[str]) -> RunRecord:
    folder = RunFolder(path)
    identity = unless_damaged(folder.read_identity, None, damage)
    state = unless_damaged(folder.read_state, RunState(), damage)
    config = unless_damaged(lambda: _read_config(folder), dict[str, Any](), damage)
    diagnostics = unless_damaged(lambda: read_diagnostics(folder.diagnostics), dict[str, Any](), damage)
    damage += [line for line in (folder.epochs_damage(), clips_damage(folder)) if line is not None]
    return RunRecord(
        folder=path,
        arm=path.parent.name if identity is None else identity.arm,
        phase=phase,
        number=number,
        seed=seed if identity is None else identity.seed,
        trial=None if identity is None else identity.trial,
        params={} if identity is None else identity.params,
        config=config,
        state=state,
        epochs=columns_of(unless_damaged(folder.read_epochs, list[dict[str, Any]](), [])),
        diagnostics=diagnostics,
        own_name=None if identity is None else own_name(identity),
    )


def _read_config(folder: RunFolder) -> dict[str, Any]:
    try:
        return load_yaml_mapping(folder.config)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return {}
        raise


def own_name(identity: RunIdentity) -> str:
    """Return where a run lies by what it says of itself."""
    phase: Phase = "tune" if identity.phase == "tune" else "confirm"
    return f"{identity.arm}/{format_run_name(phase, identity.number, identity.seed)}"


def read_diagnostics(path: Path) -> dict[str, Any]:
    """Read what the final evaluation measured beside the score; empty where no such file was written.

    Raises:
        InputError: it is damaged.
    """
    try:
        values = parse_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is damaged ({error})") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: is damaged (it holds no object)")
    return values
