"""One damaged file costs one run at most: every file of an experiment's folder, every kind of damage, every command.

The files are those that a sweep of stub workers leaves, found by looking; the damages are functions of their bytes.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from wandb.sdk.data_types._private import MEDIA_TMP

from cvae.errors import InputError
from cvae.record import RunFolder
from cvae.visualization.save import save_pictures
from sweeps.commands.control import stop_sweep
from sweeps.commands.show_plan import print_plan
from sweeps.commands.status import print_status
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.report.analysis import analyse
from sweeps.tracking.mirror import run_mirror
from sweeps.tracking.mirror.experiment_mirror import Mirror
from sweeps.tracking.offline_runs import read_mirrored
from tests.sweeps.made_runs import samples
from tests.sweeps.stepping_sweep import TOY, Sweep

ROOT = Path(__file__).parents[3]

NOBODY = 65534  # by its number, a user that owns nothing


def zeros(data: bytes) -> bytes:
    return b"\0" * len(data)


def garbage(data: bytes) -> bytes:
    return random.Random(len(data)).randbytes(max(len(data), 40))


def line_amid(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    lines.insert(len(lines) // 2, b"\x93garbage \xff{\n")
    return b"".join(lines)


def flipped(data: bytes) -> bytes:
    if not data:
        return data
    generator = random.Random(len(data))
    at = generator.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << generator.randrange(8)]) + data[at + 1 :]


def a_folder(file: Path) -> None:
    file.unlink()
    (file / "within").mkdir(parents=True)


def nowhere(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


#: What may lie where a file should.
PLACED: dict[str, Callable[[Path], None]] = {"a folder": a_folder, "nowhere": nowhere, "itself": itself}

DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "absent": lambda data: None,
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "garbage": garbage,
    "zeros": zeros,
    "line amid": line_amid,
    "another shape": lambda data: b'{"another": ["shape"]}\n',
    "a list": lambda data: b"[1, 2]\n",
    "nested": lambda data: b"[" * 5000,
    "flipped": flipped,
}

#: Damages after which a record that is there cannot be taken for a sound or a younger one. Others can: what is absent
#: or empty may be young, a line cut short looks like one that a kill tore, a flipped bit may leave another value.
PLAIN = ("garbage", "zeros", "another shape", "a list", "nested", "line amid", "a folder", "itself", "unreadable")

#: Files that every look reads, those that a report reads, and those that a mirror reads.
LOOKED_AT = ("state.json", "run.json", "epochs.jsonl")
REPORTED = (*LOOKED_AT, "ledger.jsonl", "config.yaml", "clips.npz", "diagnostics.json")
MIRRORED = (*LOOKED_AT, "clips.npz", "confirm-0-s1000/samples/final.png", "confirm-0-s1000/samples/final.gif")

#: What says which experiment lies there: without it a launch may be refused.
DECISIVE = ("experiment.yaml", "ledger.jsonl", "run.json")

#: What may be there all the same: some object of numbers, a picture with a garbled row.
INDISTINCT = {("another shape", "diagnostics.json"), ("line amid", "final.gif")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that was interrupted: runs of both phases are done, one is open, the others are not there yet."""
    place = tmp_path_factory.mktemp("made")
    sweep = Sweep(place)
    sweep.run()
    root = sweep.root
    (root.path / "data.json").write_text('{"arms": {}}\n')
    shutil.rmtree(root.path / "a" / "confirm-0-s1001")
    half = RunFolder(root.path / "a" / "tune-003")
    state = json.loads(half.state.read_text())
    half.state.write_text(json.dumps(state | {"status": "interrupted", "step": 2, "final": None}))
    half.epochs.write_bytes(b"".join(half.epochs.read_bytes().splitlines(keepends=True)[:2]))
    whole = RunFolder(root.path / "a" / "confirm-0-s1000")
    scores = np.array([[20.0, 19.0], [21.0, 20.0], [12.0, 11.0]])
    np.savez(whole.clips, name=[f"clip-{i}" for i in range(3)], psnr=scores, copy_last_psnr=scores - 2)
    whole.diagnostics.write_text('{"latent": {}}\n')
    for folder in (whole, half):
        folder.heartbeat.write_text("4 9")
        folder.log.write_text("at work\n")
        save_pictures(samples(0), folder.samples / "final")
    return place


def files_of(root: Path) -> list[str]:
    """Every file at the top, and every file of one tune run, one open run and one confirm run."""
    runs = [root / "a" / run for run in ("tune-000", "tune-003", "confirm-0-s1000")]
    paths = [*root.glob("*"), *(path for run in runs for path in run.rglob("*"))]
    return sorted(str(path.relative_to(root)) for path in paths if path.is_file())


def damaged(made: Path, place: Path, name: str, how: Callable[[bytes], bytes | None] | str) -> Path:
    """A copy of the folder with one file damaged, by what is done to its bytes or by what lies in its place."""
    shutil.copytree(made, place)
    file = place / "toy" / name
    if isinstance(how, str):
        PLACED[how](file)
        return place
    data = how(file.read_bytes())
    file.unlink() if data is None else file.write_bytes(data)
    return place


def content_of(root: Path) -> dict[Path, bytes]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path: path.read_bytes() if os.access(path, os.R_OK, effective_ids=True) else b"" for path in files}


def check_looks(place: Path, name: str, capsys: pytest.CaptureFixture[str], damage: str = "") -> None:
    """Status, plan and stop answer, and change nothing of the record."""
    root, toy = ExperimentFolder(place / "toy"), build_experiment(TOY, "toy")
    before = content_of(root.path)
    print_status(toy, root)
    seen = capsys.readouterr().out
    print_plan(toy, root)
    stop_sweep(toy, root)
    assert content_of(root.path) == before
    if damage in PLAIN and name.endswith(LOOKED_AT):
        assert f"{root.path / name}: " in seen, (name, seen)


def check_report(place: Path, name: str, damage: str = "") -> None:
    """The report says what it left out, and reports the rest; or, where there is no plan, that there is none."""
    root = place / "toy"
    before = content_of(root)
    try:
        report = str(analyse(root).checks)
    except InputError as error:
        report = str(error)
        assert name in ("experiment.yaml",), (name, report)  # an error of one line, allowed for this file
        assert name in report
    assert content_of(root) == before
    said = f"{root / name}: "
    if damage == "another shape" and name.endswith("config.yaml"):  # a mapping as any other, but not the run's
        said = f"{Path(name).parent}: config.yaml is not what the run was created with"
    if damage in PLAIN and name.endswith(REPORTED) and (damage, Path(name).name) not in INDISTINCT:
        assert said in report, (name, report)


class OfflineRun:
    """Stands for a wandb run: it takes whatever it is given."""

    def __init__(self) -> None:
        self.summary: dict[str, object] = {}
        self.tags: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **options: None


def check_mirror(place: Path, name: str, damage: str = "") -> None:
    """The mirror names what it cannot read, and mirrors every other run that has ended."""
    root = place / "toy"
    ended = [path.parent for path in root.glob("a/*/state.json") if str(path.parent.relative_to(root)) not in name]
    ended = [path for path in ended if RunFolder(path).read_state().is_final]
    (root / "wandb").mkdir()
    mirror = Mirror(root)
    mirror.catch_up()
    mirror.close()
    said = " ".join(mirror.warnings())
    mirrored, fault = read_mirrored(root / "wandb" / "mirrored.json")
    assert fault is None
    assert len(ended) >= 3
    assert {str(path.relative_to(root)) for path in ended} <= set(mirrored), (name, said)
    if damage in PLAIN and name.endswith(MIRRORED) and (damage, Path(name).name) not in INDISTINCT:
        assert f"{root / name}: " in said, (name, said)
    shutil.rmtree(root / "wandb")


def check_launch(place: Path, name: str, calm: dict[str, object], *, may_refuse: tuple[str, ...] = DECISIVE) -> None:
    """The sweep goes on to the results of an undisturbed one; or it is refused, by the name of what decides."""
    refusal = None
    try:
        sweep = Sweep(place)
        sweep.run()
    except InputError as error:
        refusal = str(error)
    if refusal is not None:
        assert Path(name).name in refusal, (name, refusal)
        assert Path(name).name in may_refuse, (name, refusal)
        return
    planned = {run.path for run in all_runs(sweep.experiment)}
    assert {run.path for run in sweep.coordinator.counts.settled} == planned
    found = {
        path: (folder.read_identity().params, folder.read_state().final)
        for path in planned
        if (folder := RunFolder(sweep.root.path / path))
    }
    wrong = {path for path in planned if found[path] != calm[path]}
    assert len(wrong) <= 1, (name, wrong)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    sweep = Sweep(tmp_path_factory.mktemp("calm"))
    sweep.run()
    folders = {run.path: RunFolder(sweep.root.path / run.path) for run in all_runs(sweep.experiment)}
    return {path: (folder.read_identity().params, folder.read_state().final) for path, folder in folders.items()}


@pytest.fixture(autouse=True)
def without_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of wandb's own is tried here, and starting it takes seconds."""
    monkeypatch.setattr(run_mirror.wandb, "init", lambda **options: OfflineRun())


@pytest.mark.parametrize("damage", [*DAMAGES, *PLACED])
def test_every_file_with_one_damage(
    damage: str, made: Path, calm: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = files_of(made / "toy")
    assert len(names) > 25
    assert {"ledger.jsonl", "study.journal", "experiment.yaml", "a/tune-003/state.json"} <= set(names)
    for i, name in enumerate(names):
        place = damaged(made, tmp_path / str(i), name, DAMAGES.get(damage, damage))
        check_looks(place, name, capsys, damage)
        # the slower ones in turn here, for a third of the files each, and for all of them in the slow test
        turn = (i + [*DAMAGES, *PLACED].index(damage)) % 3
        if turn == 0:
            check_launch(place, name, calm)
        elif turn == 1:
            check_report(place, name, damage)
        else:
            check_mirror(place, name, damage)
        shutil.rmtree(place)


@contextmanager
def as_nobody(place: Path) -> Iterator[None]:
    """Work with the rights of somebody to whom a place belongs, and who may not read everything as root may."""
    if os.geteuid() != 0:
        yield
        return
    for path in (place, *place.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_every_file_that_may_not_be_read(
    made: Path, calm: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    top = Path(tempfile.mkdtemp(prefix="unreadable-"))
    top.chmod(0o755)
    Path(MEDIA_TMP.name).chmod(0o777)  # wandb made it as root
    try:
        for i, name in enumerate(files_of(made / "toy")):
            place = damaged(made, top / str(i), name, lambda data: data)
            (place / "toy" / name).chmod(0)
            with as_nobody(place):
                check_looks(place, name, capsys, "unreadable")
                check_report(place, name, "unreadable")
                check_mirror(place, name, "unreadable")
                if Path(name).name != "lock":  # who may hold it is not known: that run waits for a person
                    check_launch(place, name, calm, may_refuse=(*DECISIVE, "study.journal"))
    finally:
        shutil.rmtree(top)


@pytest.mark.parametrize("what", ["a file", "nowhere", "itself"])
@pytest.mark.parametrize("name", ["a/tune-000", "a/tune-003", "a/confirm-0-s1000", "a/tune-003/samples", "report"])
def test_what_lies_where_a_folder_should_is_put_aside(
    name: str, what: str, made: Path, calm: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "x"
    shutil.copytree(made, place)
    folder = place / "toy" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("a file") if what == "a file" else folder.symlink_to("nowhere" if what == "nowhere" else folder)
    check_looks(place, name, capsys)
    check_report(place, name)
    check_mirror(place, name)
    check_launch(place, name, calm)
    assert (place / "toy" / "damaged" / f"{name}-0").is_symlink() == (what != "a file")


@pytest.mark.slow
@pytest.mark.parametrize("damage", [*DAMAGES, *PLACED])
def test_every_command_on_every_file_with_one_damage(
    damage: str, made: Path, calm: dict[str, object], tmp_path: Path
) -> None:
    for i, name in enumerate(files_of(made / "toy")):
        place = damaged(made, tmp_path / str(i), name, DAMAGES.get(damage, damage))
        check_report(place, name, damage)
        check_mirror(place, name, damage)
        check_launch(place, name, calm)
        shutil.rmtree(place)


@pytest.mark.slow
def test_every_file_cut_at_any_byte_and_any_bit_flipped(
    made: Path, calm: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = random.Random(0)
    for name in files_of(made / "toy"):
        size = (made / "toy" / name).stat().st_size
        for n in range(min(12, size)):
            at, bit = generator.randrange(size), generator.randrange(8)
            for kind, how in {
                "cut": lambda data, at=at: data[:at],
                "flip": lambda data, at=at, bit=bit: data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :],
            }.items():
                place = damaged(made, tmp_path / f"{kind}-{n}", name, how)
                check_looks(place, name, capsys)
                check_report(place, name)
                check_mirror(place, name)
                check_launch(place, name, calm)
                shutil.rmtree(place)


def test_commands_say_it_in_a_line(made: Path, tmp_path: Path) -> None:
    # the commands themselves, as processes: status 0 and no traceback
    place = damaged(made, tmp_path / "x", "a/tune-000/state.json", zeros)
    file = tmp_path / "toy.json.yaml"
    file.write_text(json.dumps(TOY))
    for option in ("--status", "--plan"):
        command = [sys.executable, "run_sweep.py", str(file), "--runs", str(place), option, "--no-probe"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert "state.json: is damaged" in done.stdout.replace("\n", "")
