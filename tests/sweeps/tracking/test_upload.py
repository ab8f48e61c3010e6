"""Online where it can be had, offline where it cannot: said once, and the record's mirror is the same."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.tracking.offline_runs import OfflineRun, offline_runs_of
from sweeps.tracking.process import MirrorProcess, mirror_now
from sweeps.tracking.sync import sync_experiment
from sweeps.tracking.upload import Uploader
from tests.sweeps.made_runs import begin, end, evaluate, made
from tests.sweeps.tracking.bad_servers import TROUBLES, trouble
from tests.sweeps.tracking.mirror.test_experiment_mirror import check_equal, logged, wait_for
from tests.sweeps.tracking.wandb_server import WandbServer

KEY = "planted0" * 5
ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "toy"
    path.mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("WANDB_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WandbServer]:
    with WandbServer(KEY) as running:
        monkeypatch.setenv("WANDB_BASE_URL", running.url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        yield running
        running.shutdown()


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_server_that_cannot_be_had_is_said_once(
    root: Path, kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.tracking.server.ANSWER_S", 0.5)
    made(root)
    started = time.monotonic()
    with trouble(kind) as (url, words):
        uploader = Uploader(root, {"WANDB_BASE_URL": url, "WANDB_API_KEY": KEY})
    assert time.monotonic() - started < 4  # it is given half a second
    uploader.look(offline_runs_of(root / "wandb"))
    uploader.close()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("warning: wandb: ")
    assert words in line
    assert line.endswith(f"upload later with: python run_sweep.py --sync {os.path.relpath(root)}")
    assert KEY not in line


def test_uploads_that_fail_are_said_once(
    root: Path, server: WandbServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [OfflineRun(root / "wandb" / f"offline-run-{i}") for i in range(3)]
    failing = [sys.executable, "-c", "raise SystemExit(1)"]
    monkeypatch.setattr(Uploader, "_start", lambda *_: subprocess.Popen(failing, stderr=subprocess.DEVNULL))
    uploader = Uploader(root, os.environ)
    uploader.look(runs[:2])
    time.sleep(1.0)
    uploader.look(runs)
    uploader.look(runs)
    uploader.close()
    (line,) = capsys.readouterr().out.splitlines()
    assert "an upload has failed; going on offline; upload later with: " in line


@pytest.mark.parametrize(("key", "words"), [("", "there is no API key"), ("wrong" * 8, "does not accept the API key")])
def test_a_key_that_is_missing_or_wrong(
    root: Path, server: WandbServer, key: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Uploader(root, {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": key, "HOME": str(root)})
    (line,) = capsys.readouterr().out.splitlines()
    assert words in line


@pytest.mark.parametrize("has_port", [False, True])
def test_a_key_in_netrc_is_found(
    root: Path, server: WandbServer, capsys: pytest.CaptureFixture[str], has_port: bool
) -> None:
    # as people write it, by the host alone, and as `wandb login` does, with the port
    home, machine = root.parent / "home", f"127.0.0.1:{server.server_port}" if has_port else "127.0.0.1"
    (home / ".netrc").write_text(f"machine {machine}\n  login user\n  password {KEY}\n")
    (home / ".netrc").chmod(0o600)
    Uploader(root, {"WANDB_BASE_URL": server.url, "HOME": str(home)})
    assert capsys.readouterr().out == ""


def test_without_a_server_the_mirror_is_that_of_offline(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = begin(root)
    with trouble("errors") as (url, words):
        monkeypatch.setenv("WANDB_BASE_URL", url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        mirror = MirrorProcess(root, "online")
        for step in (10, 20):
            evaluate(folder, step)
        end(folder)
        (line,) = mirror.close()
    assert words in line
    check_equal(logged(root), folder)


def scan_for_key(*folders: Path) -> int:
    """Assert that no file holds the key; return how many were read."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    return len(files)


def test_online_uploads_while_it_trains_and_writes_no_key(root: Path, server: WandbServer) -> None:
    folder = begin(root)
    mirror = MirrorProcess(root, "online")
    evaluate(folder, 10)
    run_id = "toy-cyclical-tune-003"
    wait_for(lambda: run_id in server.runs and len(server.runs[run_id].rows) == 1, 120)  # it has not ended yet
    evaluate(folder, 20)
    end(folder)
    assert mirror.close() == []
    stored = server.runs[run_id]
    assert [row["step"] for row in stored.rows.values()] == [10, 20]
    assert (stored.exit_code, stored.tags) == (0, ["cyclical", "seed 3", "finished"])
    assert sum(name.startswith("media/") for name in stored.files) == 2
    assert [run.is_synced for run in offline_runs_of(root / "wandb")] == [True]
    assert scan_for_key(root.parent) > 10


def test_sync_joins_counts_and_says_what_did_not_arrive(
    root: Path, server: WandbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(root, 2, status="failed")
    assert mirror_now(root)
    evaluate(folder, 30)
    evaluate(folder, 40)
    end(folder)  # opened again, and sync itself mirrors what is new
    server.drop_media = True
    with pytest.raises(InputError, match=r"not everything has arrived: toy-cyclical-tune-003 \(4 of 4 rows, 4 media"):
        sync_experiment(root)
    server.drop_media = False
    sync_experiment(root)
    assert "uploaded and counted: 1 runs, 4 rows, 4 media, as someone/cvae-sweeps" in capsys.readouterr().out
    run = server.runs["toy-cyclical-tune-003"]
    assert [run.rows[i]["step"] for i in sorted(run.rows)] == [10, 20, 30, 40]
    assert run.display_name == "cyclical · lr 1.2e-3 · beta 2.0e-5 · s3"
    assert (run.exit_code, run.summary["status"], run.tags[-1]) == (0, "finished", "finished")
    assert not Path("wandb").exists()
    sync_experiment(root)  # nothing to do
    assert "1 runs, 0 to upload" in capsys.readouterr().out
    scan_for_key(root.parent)


def sync(root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "run_sweep.py", str(root), "--sync", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_sync_without_an_account(root: Path) -> None:
    made(root)
    done = sync(root, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 runs, 1 to upload: 4 rows, 4 media" in done.stdout
    done = sync(root)
    assert done.returncode == 2
    assert "there is no API key" in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert not (ROOT / "wandb").exists()  # the command's own log lies in the experiment's folder, too
    nowhere = sync(root.parent / "nowhere")
    assert (nowhere.returncode, len(nowhere.stderr.splitlines())) == (2, 1)
    assert "no experiment was launched there" in nowhere.stderr
