"""Looking needs no right to write: status, plan and report of a tree that can only be read, or not even that."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cvae.config.yaml_file import dump_yaml
from cvae.files import held
from tests.sweeps.stepping_sweep import TOY, Sweep

ROOT = Path(__file__).parents[3]

#: Takes root's right to write anywhere from a command; anybody else has none.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []

pytestmark = pytest.mark.skipif(
    bool(WITHOUT_RIGHTS) and shutil.which("setpriv") is None, reason="root may write anywhere, and there is no setpriv"
)


@pytest.fixture
def tree() -> Iterator[Path]:
    """A finished sweep in a tree without a right to write."""
    place = Path(tempfile.mkdtemp(prefix="read-only-"))
    (place / "toy.yaml").write_text(dump_yaml(TOY))
    Sweep(place / "runs").run()
    paths = [place, *place.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield place
    for path, mode in modes.items():
        path.chmod(mode)
    shutil.rmtree(place)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A place where one may write."""
    place = Path(tempfile.mkdtemp(prefix="elsewhere-"))
    yield place
    shutil.rmtree(place)


def looks(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(home)}
    command = [*WITHOUT_RIGHTS, sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)


def content_of(tree: Path) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tree.rglob("*") if path.is_file()}


def test_a_tree_that_can_only_be_read_is_looked_at_and_left_as_it_is(tree: Path, elsewhere: Path) -> None:
    before = content_of(tree)
    file, runs = str(tree / "toy.yaml"), ["--runs", str(tree / "runs")]
    status = looks("run_sweep.py", file, *runs, "--status", home=elsewhere)
    assert (status.returncode, status.stderr) == (0, "")
    assert "6 of 6 runs done, nobody works on it" in status.stdout
    plan = looks("run_sweep.py", file, *runs, "--plan", "--no-probe", home=elsewhere)
    assert (plan.returncode, plan.stderr) == (0, "")
    assert "6 of 6 runs done" in plan.stdout
    report = looks("analyze.py", str(tree / "runs" / "toy"), "--no-pictures", "--into", str(elsewhere), home=elsewhere)
    assert (report.returncode, report.stderr) == (0, "")
    assert (elsewhere / "report" / "index.html").exists()
    assert content_of(tree) == before


def test_who_works_on_a_tree_that_can_only_be_read_is_seen(tree: Path, elsewhere: Path) -> None:
    lock = tree / "runs" / "toy" / "lock"
    for path in (lock.parent, lock):
        path.chmod(0o755) if path.exists() else path.touch()
    with held(lock):
        for path in (lock.parent, lock):
            path.chmod(0o555 if path.is_dir() else 0o444)
        status = looks("run_sweep.py", str(tree / "toy.yaml"), "--runs", str(tree / "runs"), "--status", home=elsewhere)
    lock.parent.chmod(0o755)
    lock.unlink()
    assert (status.returncode, status.stderr) == (0, "")
    assert "runs done, nobody" not in status.stdout
    assert "works on it" in status.stdout


def test_what_needs_the_right_to_write_says_so_in_a_line(tree: Path, elsewhere: Path) -> None:
    report = looks("analyze.py", str(tree / "runs" / "toy"), "--no-pictures", home=elsewhere)
    assert report.returncode == 2
    assert "cannot be made (Permission denied); write elsewhere: --into DIR" in report.stderr
    assert len(report.stderr.splitlines()) == 1


def test_what_may_not_even_be_read_is_one_line(tree: Path, elsewhere: Path) -> None:
    (tree / "runs" / "toy" / "a" / "tune-001" / "state.json").chmod(0o000)
    status = looks("run_sweep.py", str(tree / "toy.yaml"), "--runs", str(tree / "runs"), "--status", home=elsewhere)
    assert (status.returncode, status.stderr) == (0, "")
    assert "state.json: cannot be read (Permission denied)" in status.stdout
    (tree / "runs" / "toy").chmod(0o000)
    status = looks("run_sweep.py", str(tree / "toy.yaml"), "--runs", str(tree / "runs"), "--status", home=elsewhere)
    assert status.returncode == 2
    assert len(status.stderr.splitlines()) == 1
    assert "permission denied" in status.stderr.lower()


@pytest.mark.parametrize("file", ["epochs.jsonl", "run.json", "config.yaml"])
def test_a_file_of_a_run_that_may_not_be_read_costs_that_run_alone(file: str, tree: Path, elsewhere: Path) -> None:
    (tree / "runs" / "toy" / "a" / "tune-001" / file).chmod(0o000)
    status = looks("run_sweep.py", str(tree / "toy.yaml"), "--runs", str(tree / "runs"), "--status", home=elsewhere)
    assert (status.returncode, status.stderr) == (0, "")
    assert "runs done, nobody works on it" in status.stdout
    report = looks("analyze.py", str(tree / "runs" / "toy"), "--no-pictures", "--into", str(elsewhere), home=elsewhere)
    assert (report.returncode, report.stderr) == (0, "")
    said = report.stdout if file == "config.yaml" else status.stdout
    assert f"tune-001/{file}: cannot be read (Permission denied)" in said.replace("\n", "")


@pytest.mark.parametrize("folder", ["a/tune-001", "a"])
def test_a_folder_that_may_not_be_entered_is_named(folder: str, tree: Path, elsewhere: Path) -> None:
    (tree / "runs" / "toy" / folder).chmod(0o000)
    status = looks("run_sweep.py", str(tree / "toy.yaml"), "--runs", str(tree / "runs"), "--status", home=elsewhere)
    assert (status.returncode, status.stderr) == (0, "")
    assert "tune-001/state.json: cannot be read (Permission denied)" in status.stdout.replace("\n", "")
    report = looks("analyze.py", str(tree / "runs" / "toy"), "--no-pictures", "--into", str(elsewhere), home=elsewhere)
    if folder == "a":
        assert report.returncode == 2
        assert report.stderr.endswith("runs/toy/a: cannot be read (Permission denied)\n")
        assert "no finished run can be read: " in report.stderr
    else:
        assert (report.returncode, report.stderr) == (0, "")
        assert "tune-001/state.json: cannot be read (Permission denied)" in report.stdout.replace("\n", "")
