"""The dashboard shows a copy of the studies, with every trial's pictures and run folder, and writes nothing."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from cvae.config.yaml_file import dump_yaml
from cvae.errors import InputError
from cvae.record import RunError
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.made_runs import begin, end, evaluate, made

optuna_dashboard = pytest.importorskip("optuna_dashboard")

from sweeps.study.dashboard_copy import StudyCopy  # noqa: E402


@pytest.fixture(autouse=True)
def _experimental() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def ask(study: optuna.Study) -> optuna.Trial:
    trial = study.ask()
    trial.suggest_float("optim.lr", 1e-4, 1e-2, log=True)
    return trial


@pytest.fixture
def root(tmp_path: Path) -> ExperimentFolder:
    return ExperimentFolder(tmp_path / "toy")


def new_study(storage: object, name: str = "toy/cyclical") -> optuna.Study:
    return optuna.create_study(storage=storage, study_name=name, direction="maximize")  # type: ignore[arg-type]


def note(study: optuna.Study, number: int) -> str:
    return str(optuna_dashboard.get_note(optuna.Trial(study, study.trials[number]._trial_id)))


def artifacts(copy: StudyCopy, study: optuna.Study, number: int) -> dict[str, bytes]:
    """A trial's pictures as the dashboard serves them, by name."""
    found = {}
    for meta in optuna.artifacts.get_all_artifact_meta(study.trials[number], storage=copy.storage):
        with copy.pictures.open_reader(meta.artifact_id) as file:
            assert meta.filename not in found  # none twice
            found[meta.filename] = file.read()
    return found


def test_trials_with_pictures_and_notes_follow_the_sweep(root: ExperimentFolder) -> None:
    finished = made(root.path, name="tune-000")
    running = begin(root.path, name="tune-001")
    evaluate(running, 10)
    evaluate(running, 20)
    study = new_study(JournalStorage(JournalFileBackend(str(root.journal))))
    first = ask(study)
    first.report(17.0, 10)
    study.tell(first, 18.0)
    second = ask(study)
    with root.journal.open("ab") as journal:
        journal.write(b'{"op_code": 4, "torn')  # the coordinator is writing this instant
    before = root.journal.read_bytes()
    copy = StudyCopy(root, None, root.path.parent)
    copy.refresh()
    shown = optuna.load_study(study_name="toy/cyclical", storage=copy.storage)
    assert [(t.state.name, t.params, t.intermediate_values) for t in shown.trials] == [
        ("COMPLETE", first.params, {10: 17.0}),
        ("RUNNING", second.params, {}),
    ]
    pictures = {name: (finished.samples / name).read_bytes() for name in ("final.png", "final.gif")}
    assert artifacts(copy, shown, 0) == pictures
    assert set(artifacts(copy, shown, 1)) == {"step-000020.png", "step-000020.gif"}
    assert f"Run folder: `{finished.path}`" in note(shown, 0)
    assert "Status: running" in note(shown, 1)
    assert "Which?" in optuna_dashboard.get_note(shown)
    assert shown.metric_names == ["val/psnr, dB"]
    assert root.journal.read_bytes() == before

    root.journal.write_bytes(before[: before.rfind(b"\n") + 1])
    end(running, "pruned")
    second.report(16.0, 20)
    study.tell(1, state=optuna.trial.TrialState.PRUNED)
    ask(study)
    copy.refresh()
    copy.refresh()  # nothing twice
    assert [t.state.name for t in shown.get_trials()] == ["COMPLETE", "PRUNED", "RUNNING"]
    assert shown.trials[1].intermediate_values == {20: 16.0}
    assert len(artifacts(copy, shown, 1)) == 2


def test_studies_of_any_storage_and_of_this_experiment_alone(root: ExperimentFolder, tmp_path: Path) -> None:
    made(root.path, name="tune-000")
    root.experiment.write_text(dump_yaml({"name": "toy", "metric": {"name": "val/energy_db"}}))
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = new_study(url)
    new_study(url, "other/arm")
    study.tell(ask(study), 18.0)
    copy = StudyCopy(root, url, tmp_path)
    copy.refresh()
    assert optuna.get_all_study_names(copy.storage) == ["toy/cyclical"]
    assert optuna.load_study(study_name="toy/cyclical", storage=copy.storage).metric_names == ["val/energy_db, dB"]


def test_what_is_shown_answers_over_http(root: ExperimentFolder) -> None:
    made(root.path, name="tune-000")
    study = new_study(JournalStorage(JournalFileBackend(str(root.journal))))
    study.tell(ask(study), 18.0)
    copy = StudyCopy(root, None, root.path.parent)
    copy.refresh()
    app = optuna_dashboard.wsgi(copy.storage, artifact_store=copy.pictures)
    shown = optuna.load_study(study_name="toy/cyclical", storage=copy.storage)
    (gif,) = [
        a for a in optuna.artifacts.get_all_artifact_meta(shown.trials[0], storage=copy.storage) if "gif" in a.filename
    ]
    path = f"/artifacts/{shown._study_id}/{shown.trials[0]._trial_id}/{gif.artifact_id}"
    told: list[str] = []
    environment = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.errors": None, "wsgi.input": None}
    body = b"".join(app(environment, lambda status, headers, error=None: told.append(status)))
    assert told == ["200 OK"]
    assert body.startswith(b"GIF89a")


def test_without_a_study_it_says_so(root: ExperimentFolder) -> None:
    root.path.mkdir()
    (root.path / "experiment.yaml").write_text("name: toy\n")
    with pytest.raises(InputError, match=r"study\.journal: there is no study"):
        StudyCopy(root, None, root.path)
    with pytest.raises(InputError, match="--storage is 'nosuch://x'"):
        StudyCopy(root, "nosuch://x", root.path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:hunter2@127.0.0.1:1/x",
        "postgresql+psycopg://127.0.0.1:1/x?user=me&password=hunter2",
        "nosuch://me:hunter2@h/x",
        "postgresql//me:hunter2@h/x",
    ],
)
def test_a_storage_that_cannot_be_opened_is_named_without_its_secrets(url: str, root: ExperimentFolder) -> None:
    root.path.mkdir()
    (root.path / "experiment.yaml").write_text("name: toy\n")
    with pytest.raises(InputError, match="--storage is") as refusal:
        StudyCopy(root, url, root.path)
    assert "hunter2" not in str(refusal.value)


def test_a_picture_that_lies_elsewhere_is_not_served(root: ExperimentFolder) -> None:
    folder = made(root.path, name="tune-000")
    private = (folder.samples / "final.png").rename(root.path.parent / "private.png")
    (folder.samples / "final.png").symlink_to(private)
    study = new_study(JournalStorage(JournalFileBackend(str(root.journal))))
    study.tell(ask(study), 18.0)
    copy = StudyCopy(root, None, root.path.parent)
    copy.refresh()
    shown = optuna.load_study(study_name="toy/cyclical", storage=copy.storage)
    assert set(artifacts(copy, shown, 0)) == {"final.gif"}


def test_words_of_users_are_no_markup_in_a_note(root: ExperimentFolder) -> None:
    folder = made(root.path, arm="*b*", name="tune-000", status="failed")
    hostile = "<img src=x onerror=alert(1)> [see](javascript:x) `a`\n# b"
    folder.write_state(replace(folder.read_state(), error=RunError("error", "E", hostile), final={"val/*x*": 1.0}))
    root.experiment.write_text(dump_yaml({"name": "toy", "question": hostile}))
    study = new_study(JournalStorage(JournalFileBackend(str(root.journal))), "toy/*b*")
    study.tell(ask(study), 18.0)
    copy = StudyCopy(root, None, root.path.parent)
    copy.refresh()
    shown = optuna.load_study(study_name="toy/*b*", storage=copy.storage)
    harmless = r"&lt;img src=x onerror=alert(1)&gt; \[see\](javascript:x) \`a\` \# b"
    assert optuna_dashboard.get_note(shown) == f"{harmless}\n\nArm: **\\*b\\***"
    lines = note(shown, 0).split("\n")
    assert f"- Error: {harmless}" in lines
    assert r"- val/\*x\*: 1" in lines


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"[1, 2]"])
def test_a_damaged_state_is_said_beside_its_trial(damage: bytes, root: ExperimentFolder) -> None:
    folder = made(root.path, name="tune-000")
    made(root.path, name="tune-001")
    study = new_study(JournalStorage(JournalFileBackend(str(root.journal))))
    for _ in range(2):
        study.tell(ask(study), 18.0)
    folder.state.write_bytes(damage)
    copy = StudyCopy(root, None, root.path.parent)
    copy.refresh()
    shown = optuna.load_study(study_name="toy/cyclical", storage=copy.storage)
    assert "state.json: is damaged" in note(shown, 0)
    assert "Status: finished" in note(shown, 1)
