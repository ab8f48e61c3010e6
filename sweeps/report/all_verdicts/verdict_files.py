"""Every verdict.json under a folder, as far as one can be read; the others by name and reason."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cvae.errors import InputError
from cvae.record import PREFIXES, RunFolder
from cvae.sections import first_mistake
from sweeps.experiment import parse_run_name
from sweeps.experiment_folder import ExperimentFolder, Ledger
from sweeps.report.all_verdicts.study_verdict import WORDS, StudyData, StudyVerdict
from sweeps.report.output import SCHEMA


@dataclass(frozen=True)
class UnreadVerdict:
    """A verdict.json that says nothing, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Verdicts:
    """All of a folder: studies in the order in which they began, those told twice, and what could not be read."""

    folder: Path
    studies: tuple[StudyVerdict, ...]
    copies: tuple[tuple[StudyVerdict, StudyVerdict], ...]  # a report on results that an earlier study has, and that one
    unread: tuple[UnreadVerdict, ...]


_STUDY: TypeAdapter[StudyVerdict] = TypeAdapter(StudyVerdict)


def read_verdicts(folder: Path) -> Verdicts:
    """Read every `NAME/report/verdict.json` in a folder such as `runs/`.

    Raises:
        InputError: there is no such folder, or no verdict in it can be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one that holds experiments' folders, such as runs/")
    paths = sorted(folder.glob("*/report/verdict.json"))
    if not paths:
        raise InputError(f"{folder}: holds no */report/verdict.json; analyze.py writes one for each experiment")
    studies, unread = [], []
    for path in paths:
        try:
            studies.append(read_verdict(path))
        except ValueError as error:
            unread.append(UnreadVerdict(path, str(error)))
    if not studies:
        raise InputError(f"{unread[0].path}: {unread[0].reason}; no other verdict in {folder} can be read either")
    studies.sort(key=lambda study: (study.since, str(study.report)))
    own: list[StudyVerdict] = []
    copies = []
    for study in studies:
        first = next((other for other in own if study.results and other.results == study.results), None)
        copies += [(study, first)] if first is not None else []
        own += [study] if first is None else []
    return Verdicts(folder, tuple(own), tuple(copies), tuple(unread))


def read_verdict(path: Path) -> StudyVerdict:
    """Read one, which lies at least two folders deep.

    Raises:
        ValueError: it cannot be read or says nothing that can be used; says why in a line.
    """
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise ValueError(f"holds a {type(values).__name__}, not a verdict")
    try:
        study = _STUDY.validate_python(values | {"report": path.parent, "since": _since(path)})
    except ValidationError as error:
        mistake = first_mistake(error)
        raise ValueError(f"{mistake.path}: {mistake.message}" if mistake.path else mistake.message) from error
    if study.schema > SCHEMA:
        raise ValueError(f"has schema {study.schema}; this version reads those up to {SCHEMA}")
    if strange := next((pair.verdict for pair in study.pairs if pair.word not in WORDS), None):
        raise ValueError(f"has the verdict '{strange}'; known: {', '.join(WORDS)}")
    return study if "data" in values else _with_data(study, path.parents[1])


def _since(path: Path) -> str:
    """Return when a study's first run was launched; when its report was written where nobody noted that."""
    for event in Ledger(ExperimentFolder(path.parents[1]).ledger).read():
        if isinstance(event.get("time"), str):
            return str(event["time"])[:19]
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()[:19]


def _with_data(study: StudyVerdict, folder: Path) -> StudyVerdict:
    """Return a verdict that did not keep its data with what the runs beside it say."""
    prefix = study.metric.read_as.partition("/")[0]
    split = next((split for split, begins in PREFIXES.items() if begins == prefix), "")
    found = set()
    for path in folder.glob("*/confirm-*"):
        if parse_run_name(path.name) is None:
            continue
        try:
            found.add(RunFolder(path).read_state().data_fingerprint)
        except InputError:
            continue  # a damaged run says nothing of its data; the others do
    kept = tuple(sorted(fingerprint for fingerprint in found if fingerprint))
    return StudyVerdict(**{**vars(study), "data": StudyData(split, kept)})
