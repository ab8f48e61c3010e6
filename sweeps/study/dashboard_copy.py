"""Studies copied for optuna-dashboard: with notes, strips and GIFs, while the coordinator stays the only writer."""

import copy
import shutil
from pathlib import Path
from typing import BinaryIO

import optuna
from optuna.artifacts import upload_artifact
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from cvae.config import load_yaml_mapping
from cvae.console import markdown_text
from cvae.errors import InputError, unless_damaged
from cvae.files import lies_within
from cvae.record import RunFolder, RunState
from sweeps.experiment import Metric, format_run_name
from sweeps.experiment_folder import ExperimentFolder
from sweeps.study.storage_url import shown_url, without_secrets
from sweeps.study.trial_storage import TrialStorage
from sweeps.tracking.wandb_schema import flag_tags


class PicturesInPlace:
    """An artifact store that keeps no files: it remembers where they lie."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Remember the path of an open file."""
        self._paths[artifact_id] = Path(content_body.name)

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a remembered file."""
        return self._paths[artifact_id].open("rb")

    def remove(self, artifact_id: str) -> None:
        """Forget a file; the record keeps it."""
        self._paths.pop(artifact_id, None)


class Studies:
    """The studies' storage to read from: that of a URL, or a copy of the journal."""

    def __init__(self, root: ExperimentFolder, url: str | None, scratch: Path) -> None:
        if url is None and not root.journal.exists():
            raise InputError(f"{root.journal}: there is no study; where nothing is searched, browse the runs instead")
        self._journal = root.journal
        self._copy = scratch / "study.journal"
        self._copy.touch()
        self._storage = _open(url) if url else JournalStorage(JournalFileBackend(str(self._copy)))
        self._is_copy = url is None

    def read(self) -> BaseStorage:
        """Return the storage as it stands now."""
        if self._is_copy:
            shutil.copyfile(self._journal, self._copy)  # Optuna leaves a last line that is being written alone
        return self._storage


def _open(url: str) -> BaseStorage:
    try:
        return optuna.storages.get_storage(url)
    except Exception as error:  # of the URL's parser, the driver, or the database
        reason = without_secrets(str(error), url).splitlines() or ["no reason given"]
        raise InputError(f"--storage is '{shown_url(url)}': it cannot be opened ({reason[0]})") from error


class StudyCopy:
    """The studies of an experiment in memory, each trial with its pictures and a note that names its run folder.

    Args:
        root: the experiment's folder.
        url: the studies' storage; None: the journal in that folder.
        scratch: a folder for a copy of the journal, which another process may be writing.
    """

    def __init__(self, root: ExperimentFolder, url: str | None, scratch: Path) -> None:
        self.storage = InMemoryStorage()
        self.pictures = PicturesInPlace()
        self._root = root
        self._experiment = load_yaml_mapping(root.experiment)
        self._metric = Metric.model_validate(self._experiment.get("metric") or {})
        self._source = Studies(root, url, scratch)
        self._studies: dict[str, optuna.Study] = {}
        self._shown: set[Path] = set()

    def refresh(self) -> None:
        """Copy what is new."""
        source = self._source.read()
        for name in optuna.get_all_study_names(source):
            if name.startswith(f"{self._experiment['name']}/"):
                original = optuna.load_study(study_name=name, storage=source)
                if name not in self._studies:
                    self._studies[name] = self._begin(original)
                for trial in original.get_trials():
                    self._take(self._studies[name], trial)

    def _begin(self, original: optuna.Study) -> optuna.Study:
        name = original.study_name
        study = optuna.create_study(storage=self.storage, study_name=name, directions=original.directions)
        study.set_metric_names([f"{self._metric.name}, {self._metric.unit}"])
        arm, _, tuning = name.partition("/")[2].partition("/")
        _save_note(
            study,
            f"{markdown_text(self._experiment.get('question', ''))}\n\nArm: **{markdown_text(arm)}**"
            + (f", tuning {tuning}" if tuning else ""),
        )
        return study

    def _take(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Add a trial, or bring the one there up to date; one asked for this instant may have no parameters yet."""
        arm, run = study.study_name.split("/")[1], trial.user_attrs.get("run", trial.number)
        folder = RunFolder(self._root.path / arm / format_run_name("tune", run, seed=0))
        known, copied = study.get_trials(deepcopy=False), TrialStorage(study, self.storage)
        if trial.number >= len(known):
            if not trial.params or trial.number > len(known):
                return
            template = copy.deepcopy(trial)
            template.system_attrs = template.system_attrs | self._artifacts(folder)
            study.add_trial(template)
        elif known[trial.number].state.is_finished():
            return
        else:
            self._advance(copied, trial, folder)
        _save_note(copied.begin(trial.number), note_of(folder))

    def _advance(self, copied: TrialStorage, trial: FrozenTrial, folder: RunFolder) -> None:
        """Bring a trial that was running up to date."""
        copied.add_values(trial.number, trial.intermediate_values)
        copied.add_system_attributes(trial.number, self._artifacts(folder))
        if trial.state.is_finished():
            copied.finish(trial.number, trial.state, trial.values)

    def _artifacts(self, folder: RunFolder) -> dict[str, str]:
        """Return a trial's attributes for the latest pictures of its run that it does not show yet.

        Optuna attaches files to trials that run; those that have ended get theirs with their copy.
        """
        scratch = optuna.create_study()
        trial = scratch.ask()
        for path in latest_pictures(folder):
            if path not in self._shown and lies_within(path, folder.path):
                self._shown.add(path)
                upload_artifact(study_or_trial=trial, file_path=str(path), artifact_store=self.pictures)
        return dict(scratch.trials[0].system_attrs)


def latest_pictures(folder: RunFolder) -> list[Path]:
    """Return a run's last strip and GIF: those of its final evaluation once it has one."""
    strips = sorted(folder.samples.glob("step-*.png"))
    stem = folder.samples / "final" if (folder.samples / "final.png").exists() else strips[-1] if strips else None
    return [path for path in (stem.with_suffix(s) for s in (".png", ".gif")) if path.exists()] if stem else []


def note_of(folder: RunFolder) -> str:
    """Return what stands beside a trial: its run folder, and how its run stands."""
    damage: list[str] = []
    state = unless_damaged(folder.read_state, RunState(), damage)
    lines = [
        f"Run folder: `{folder.path}`",
        f"Status: {', '.join(dict.fromkeys([state.status, *flag_tags(state)]))}",
    ]
    if state.error and state.error.message:
        lines.append(f"Error: {markdown_text(state.error.message)}")
    lines += [markdown_text(line) for line in damage]
    for key, value in state.scores.items():
        if isinstance(value, int | float):
            lines.append(f"{markdown_text(key)}: {value:.4g}")
    return "\n".join(f"- {line}" for line in lines)


def _save_note(study_or_trial: optuna.Study | optuna.Trial, body: str) -> None:
    from optuna_dashboard import get_note, save_note

    if get_note(study_or_trial) != body:
        save_note(study_or_trial, body)
