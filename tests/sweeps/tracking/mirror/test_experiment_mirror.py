"""The mirror holds what the record holds, once, whatever is killed and taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cvae.record.run_folder import RunFolder
from sweeps.child_environment import with_project
from sweeps.tracking.mirror.experiment_mirror import Mirror
from sweeps.tracking.offline_runs import LoggedRun, OfflineRun, offline_runs_of
from sweeps.tracking.process import mirror_command, mirror_now
from sweeps.tracking.settings import quiet_environment
from sweeps.tracking.wandb_schema import is_final, row_of, run_id
from tests.sweeps.made_runs import begin, end, evaluate, line_of, made

ROOT = Path(__file__).parents[4]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "toy"
    path.mkdir()
    return path


@pytest.fixture
def at_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in quiet_environment(root).items():
        monkeypatch.setenv(key, value)


def mirror(root: Path) -> None:
    """What a mirror process does between its start and its end."""
    whole = Mirror(root)
    whole.catch_up()
    whole.close()


def logged(root: Path, run_id: str = "toy-cyclical-tune-003") -> LoggedRun:
    """What the one offline folder of a run holds."""
    (offline,) = offline_runs_of(root / "wandb", run_id)
    return offline.read()


def offline_run_of(folder: RunFolder) -> OfflineRun:
    """The one offline folder of a run."""
    (offline,) = offline_runs_of(folder.path.parents[1] / "wandb", run_id(folder.read_identity(), folder))
    return offline


def check_equal(run: LoggedRun, folder: RunFolder) -> None:
    """Every evaluation of the record is there, once, in order, with its numbers and its pictures."""
    rows = [row for row in run.history if not is_final(row)]
    record = folder.read_epochs()
    assert [row["step"] for row in rows] == [line["step"] for line in record]
    for row, line in zip(rows, record, strict=True):
        assert row_of(line).items() <= row.items()
        stem = folder.samples / f"step-{line['step']:06d}"
        assert ("samples/strip.path" in row, "samples/animation.path" in row) == (
            stem.with_suffix(".png").exists(),
        ) * 2
    drawn = {path.read_bytes() for path in folder.samples.glob("step-*")}
    files = offline_run_of(folder).path / "files"
    mirrored = [files / path for path in run.media if "/samples/" in path]
    assert {path.read_bytes() for path in mirrored} == drawn
    assert len(mirrored) == len(drawn)


def test_a_confirm_run_with_its_final_table(root: Path, at_home: None) -> None:
    folder = made(root, name="confirm-0-s1003", seed=1003)
    mirror(root)
    run = logged(root, "toy-cyclical-confirm-0-s1003")
    check_equal(run, folder)
    assert run.name == "cyclical · lr 1.2e-3 · beta 2.0e-5 · s1003"
    assert (run.group, run.job_type, run.state) == ("toy", "confirm", "finished")
    assert run.tags == ["cyclical", "seed 1003", "finished"]
    assert run.axes == {"*": "step"}
    (final,) = [row for row in run.history if is_final(row)]
    assert (run.summary["final/psnr"], run.summary["final/clips"]["nrows"]) == (17.5, 3)
    assert final["final/strip.caption"].startswith("step 40 · test 17.50 dB · clip clip-0 19.0 dB")
    table = json.loads(next(root.rglob("clips_*.table.json")).read_text())
    by_clip = {row[0]: dict(zip(table["columns"], row, strict=True)) for row in table["data"]}
    assert by_clip["clip-1"]["psnr"] == 20.0
    assert by_clip["clip-1"]["gain"] == 2.0
    assert {name for name, row in by_clip.items() if row["frames"]} == {"clip-0", "clip-1"}  # those that were drawn
    numbers = {k: v for k, v in run.summary.items() if k.startswith(("best/", "final/psnr", "val/", "train/"))}
    assert all(isinstance(value, int | float) for value in numbers.values())
    assert numbers["best/val_psnr"] == 18.0


@pytest.mark.parametrize(
    ("status", "state"),
    [(status, "finished") for status in ("diverged", "pruned", "stopped", "infeasible")] + [("failed", "failed")],
)
def test_only_a_failure_looks_like_a_crash(root: Path, at_home: None, status: str, state: str) -> None:
    # a status of the record that this code does not know yet as final would never close the run
    folder = made(root, 1, status=status)
    Mirror(root).catch_up()
    run = logged(root)
    check_equal(run, folder)
    assert run.state == state
    assert status in run.tags
    assert run.summary["status"] == status


def test_an_evaluation_waits_for_its_checkpoint_and_pictures(root: Path, at_home: None) -> None:
    # what a killed attempt wrote beyond its checkpoint is written again by the next: mirrored then, and once
    folder, whole = begin(root), Mirror(root)
    evaluate(folder, 10)
    folder.append_epoch(line_of(20))  # recorded, not drawn yet, and no checkpoint
    whole.catch_up()
    folder.keep_epochs(10)
    whole.catch_up()
    evaluate(folder, 20)
    whole.catch_up()
    end(folder)
    whole.catch_up()
    check_equal(logged(root), folder)


def test_a_run_is_mirrored_once(root: Path, at_home: None) -> None:
    folder = made(root, name="confirm-0-s1003")
    mirror(root)
    (root / "wandb" / "mirrored.json").unlink()  # as if killed before it could take note
    mirror(root)
    check_equal(logged(root, "toy-cyclical-confirm-0-s1003"), folder)
    before = offline_runs_of(root / "wandb")
    mirror(root)
    assert offline_runs_of(root / "wandb") == before


def test_a_run_that_is_opened_again_goes_on_in_the_same_run(root: Path, at_home: None) -> None:
    folder = made(root, 2, status="failed")
    mirror(root)
    evaluate(folder, 30)
    end(folder)
    mirror(root)
    run = logged(root)
    check_equal(run, folder)
    assert (run.tags[-1], run.summary["status"], run.state) == ("finished", "finished", "finished")


def wait_for(what: Callable[[], Any], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def services_of(mirror: int) -> list[int]:
    """The processes that are a mirror's service: wandb starts it in a session of its own."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            if name.startswith("wandb-core") and int(rest.split()[1]) == mirror:
                found.append(int(stat.parent.name))
    return found


def test_killed_with_its_service_it_lacks_a_second_at_most_and_the_next_makes_up_for_it(root: Path) -> None:
    folder = begin(root)
    process = subprocess.Popen(mirror_command(root), stdin=subprocess.PIPE, env=with_project(), start_new_session=True)
    for step in (10, 20, 30):
        evaluate(folder, step)
    wait_for(
        lambda: offline_runs_of(root / "wandb") and len(logged(root).history) == 3
    )  # on the disk, the run still open
    evaluate(folder, 40)
    time.sleep(0.3)
    services = services_of(process.pid)  # each in a session of its own
    assert services
    for pid in (process.pid, *services):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    assert process.stdin is not None
    process.stdin.close()
    assert [row["step"] for row in logged(root).history][:3] == [10, 20, 30]
    evaluate(folder, 50)
    end(folder)
    assert mirror_now(root)
    check_equal(logged(root), folder)


def test_a_service_that_is_killed_ends_the_mirror_and_the_next_makes_up_for_it(root: Path) -> None:
    # a mirror without its service would live on and mirror nothing: it has to be seen to die
    folder = begin(root)
    evaluate(folder, 10)
    process = subprocess.Popen(mirror_command(root), stdin=subprocess.PIPE, env=with_project(), start_new_session=True)
    wait_for(lambda: offline_runs_of(root / "wandb") and len(logged(root).history) == 1)
    services = services_of(process.pid)
    assert services
    for pid in services:
        os.kill(pid, signal.SIGKILL)
    evaluate(folder, 20)
    assert process.wait(60) == 1
    assert process.stdin is not None
    process.stdin.close()
    end(folder)
    assert mirror_now(root)
    check_equal(logged(root), folder)


@pytest.mark.slow
def test_it_ends_when_the_sweep_is_killed(root: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from sweeps.tracking.process import MirrorProcess\n"
        f"m = MirrorProcess(Path({str(root)!r}), 'offline'); print(m._process.pid, flush=True); time.sleep(600)"
    )
    made(root)
    sweep = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert sweep.stdout is not None
    pid = int(sweep.stdout.readline())
    sweep.stdout.close()
    sweep.kill()
    sweep.wait()
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z")
    assert len(logged(root).history) == 4  # it finished what was there first


def test_offline_folders_are_small_and_home_stays_clean(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = root.parent / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    folder = made(root)
    assert mirror_now(root)
    assert list(home.iterdir()) == []
    (offline,) = offline_runs_of(root / "wandb")
    names = {path.name for path in offline.path.rglob("*") if path.is_file()}
    assert not names & {"requirements.txt", "wandb-metadata.json", "output.log"}
    media = [path for path in offline.path.rglob("media/**/*") if path.is_file()]
    assert all(path.stat().st_nlink == 2 for path in media)  # the run folder's own pictures: no room taken twice
    own = sum(p.stat().st_size for p in offline.path.rglob("*") if p.is_file() and p not in media)
    assert own < 40_000
    assert folder.samples.exists()


def test_media_have_a_cap(root: Path, at_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # beyond the cap rows go on without pictures, and the summary says how many were left out
    folder = made(root, 6)
    one = sum(path.stat().st_size for path in folder.samples.glob("step-000020.*"))
    monkeypatch.setattr("sweeps.tracking.mirror.run_mirror.MEDIA_BYTES", one + 10)
    Mirror(root).catch_up()
    run = logged(root)
    assert len(run.history) == 6
    assert sum("samples/strip.path" in row for row in run.history) == 1
    assert run.summary["samples/left_out"] == 4


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04" + b"\0" * 200, b"\x93NUMPY garbage", b"[1, 2]\n", None])
def test_damaged_scores_of_clips_are_one_line_and_the_run_is_mirrored(
    damage: bytes | None, root: Path, at_home: None
) -> None:
    # None: cut in the middle
    folder = made(root, 1, name="confirm-0-s1003", seed=1003)
    data = folder.clips.read_bytes()
    folder.clips.write_bytes(data[: len(data) // 2] if damage is None else damage)
    whole = Mirror(root)
    whole.catch_up()
    whole.close()
    (line,) = whole.warnings()
    assert line.startswith(f"{folder.clips}: is damaged (")
    assert "\n" not in line
    run = logged(root, "toy-cyclical-confirm-0-s1003")
    check_equal(run, folder)
    assert run.summary["status"] == "finished"
    assert run.summary.get("final/clips") is None
