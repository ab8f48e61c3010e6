"""The files of an experiment's folder, and how one is found."""

import inspect
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cvae.config import load_yaml_mapping
from cvae.errors import InputError, nearest
from cvae.record import RunFolder
from sweeps.experiment import PlannedRun

#: Names of properties, here and of a run's folder, that are folders; all others are files.
FOLDERS = ("samples", "report", "damaged")


@dataclass(frozen=True)
class ExperimentFolder:
    """The files of an experiment, `RUNS/<name>`."""

    path: Path

    @property
    def experiment(self) -> Path:
        """The experiment as it was launched, defaults filled in."""
        return self.path / "experiment.yaml"

    @property
    def ledger(self) -> Path:
        """What the coordinator did, one JSON object a line."""
        return self.path / "ledger.jsonl"

    @property
    def journal(self) -> Path:
        """Optuna's storage, one study for each arm: in the folder, or where `journal_path` says."""
        with suppress(OSError, UnicodeDecodeError):
            if elsewhere := self.journal_path.read_text(encoding="utf-8").strip():
                return Path(elsewhere)
        return self.path / "study.journal"

    @property
    def journal_path(self) -> Path:
        """Says where the journal lies if not in the folder: on the coordinator's own disk (`--journal`)."""
        return self.path / "journal_path"

    @property
    def storage(self) -> Path:
        """The URL of Optuna's storage, without its password, where it is not the journal."""
        return self.path / "storage"

    @property
    def coordinator(self) -> Path:
        """Who works, or worked last, on the experiment: process, machine, slots, what it waits for; JSON."""
        return self.path / "coordinator.json"

    @property
    def stop(self) -> Path:
        """Exists when somebody wants the sweep to end: its runs go on later from their checkpoints."""
        return self.path / "stop"

    @property
    def data(self) -> Path:
        """Each arm's weights of the KL term beside the weight above which no latent can live in its data."""
        return self.path / "data.json"

    @property
    def lock(self) -> Path:
        """Locked by the coordinator."""
        return self.path / "lock"

    @property
    def folder_id(self) -> Path:
        """What this folder is known by to a storage that several share: studies in it belong to one folder."""
        return self.path / "folder_id"

    @property
    def damaged(self) -> Path:
        """What could not be read and was put aside, by its path."""
        return self.path / "damaged"

    @property
    def report(self) -> Path:
        """What `analyze.py` writes."""
        return self.path / "report"

    def run(self, run: PlannedRun) -> RunFolder:
        """Return a run's folder."""
        return RunFolder(self.path / run.arm / run.name)

    def put_aside_unfit(self, of: "ExperimentFolder | RunFolder") -> Iterator[str]:
        """Put aside what lies where a file of a folder should be and is none: a folder, a link that leads nowhere.

        Yields:
            A sentence for each.

        Raises:
            InputError: it cannot be moved.
        """
        for name, _ in inspect.getmembers(type(of), lambda member: isinstance(member, property)):
            path: Path = getattr(of, name)
            unfit = os.path.lexists(path) and not (path.is_dir() if name in FOLDERS else path.is_file())
            if unfit and path.is_relative_to(self.path):
                expected = "folder" if name in FOLDERS else "file"
                yield f"{path}: is no {expected}: put aside as {self.put_aside(path)}"

    def put_aside(self, path: Path) -> Path:
        """Move a file or folder that cannot be used out of the way, kept for whoever wants to look; return where to.

        Raises:
            InputError: it cannot be moved.
        """
        kept = self.damaged / path.relative_to(self.path)
        n = len(list(kept.parent.glob(f"{kept.name}-*")))
        kept = kept.with_name(f"{kept.name}-{n}")
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.rename(kept)
        except OSError as error:
            raise InputError(f"{path}: is damaged and cannot be put aside ({error.strerror})") from error
        return kept


def find_experiment(given: Path, runs: Path) -> Path:
    """Return an experiment's folder, given itself, its name, or its experiment file.

    Raises:
        InputError: there is no such folder.
    """
    candidates = [given, runs / given]
    if given.suffix in (".yaml", ".yml") and given.is_file():
        candidates = [runs / str(load_yaml_mapping(given).get("name"))]
    for path in candidates:
        if (path / "experiment.yaml").is_file():
            return path
    near = _did_you_mean(candidates[-1].name, (path.parent.name for path in runs.glob("*/experiment.yaml")))
    raise InputError(
        f"{given}: no experiment was launched there{near}; "
        f"expected an experiment's folder, its name in {runs}, or its file"
    )


#: The experiment files of this project, wherever it is installed.
SHIPPED = Path(__file__).resolve().parents[1] / "experiments"


def find_experiment_file(given: Path, runs: Path, declared: Path = Path("experiments")) -> Path:
    """Return an experiment's file, given itself or its name: one that is declared, or as it was launched.

    Args:
        given: a file; or the name of one in `declared`, of the experiment in it, or of a folder of `runs`.
        runs: folder of launched experiments.
        declared: folder of experiment files, looked at before those of this project.

    Raises:
        InputError: there is none; proposes the nearest.
    """
    if given.is_file():
        return given
    files = [*sorted(SHIPPED.glob("*.yaml")), *sorted(declared.glob("*.yaml"))]
    names = {path.stem: path for path in files} | {path.stem.replace("_", "-"): path for path in files}
    launched = {path.parent.name: path for path in runs.glob("*/experiment.yaml")}
    if given.is_dir() and (given / "experiment.yaml").is_file():
        return given / "experiment.yaml"
    if given.parent == Path() and (found := names.get(str(given)) or launched.get(str(given))):
        return found
    known = [*(str(path) for path in files if path.parent != SHIPPED), *names, *launched]
    raise InputError(f"{given}: there is no such experiment file{_did_you_mean(str(given), known)}")


def _did_you_mean(given: str, known: Iterable[str]) -> str:
    close = nearest(given, known)
    return f"; did you mean '{close}'?" if close else ""
