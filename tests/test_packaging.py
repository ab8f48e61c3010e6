"""What an installation is made from: lock files that are current, extras that exist, a wheel that runs by itself."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[\w+\])?==([^\s;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Package -> version, by the name that a lock file writes."""
    found = PIN.findall((ROOT / name).read_text())
    return {package.lower().replace("_", "-"): version for package, version in found}


def blocks(name: str) -> dict[str, str]:
    """Package -> all that a lock file says of it."""
    parts = re.split(r"^(?=\S)", (ROOT / name).read_text(), flags=re.MULTILINE)
    return {match[1].lower(): part for part in parts if (match := PIN.match(part))}


def test_the_lock_file_is_current_and_every_package_has_its_hashes() -> None:
    wanted, locked = pins("requirements.txt"), pins("requirements.lock")  # made again by `make lock`
    assert len(wanted) >= 15
    assert wanted.items() <= locked.items()
    hashed = blocks("requirements.lock")
    assert set(hashed) == set(locked)
    assert [package for package, block in hashed.items() if "--hash=sha256:" not in block] == []


def test_the_lock_file_without_torch_is_the_other_less_what_torch_brings() -> None:
    whole, without = blocks("requirements.lock"), blocks("requirements-without-torch.lock")
    assert {p: b.split("--hash")[0] for p, b in without.items()}.items() <= {
        p: b.split("--hash")[0] for p, b in whole.items()
    }.items()
    left_out = set(whole) - set(without)
    assert {"torch", "torchvision"} < left_out
    assert not left_out & set(pins("requirements.txt")) - {"torch", "torchvision"}
    assert not [package for package in without if package.startswith(("nvidia", "triton"))]


def test_every_extra_names_files_that_exist() -> None:
    dynamic = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["dynamic"]
    extras = dynamic["optional-dependencies"]
    assert {"dashboard", "robots", "notebook", "dev"} <= set(extras)
    for extra in extras.values():
        assert [name for name in extra["file"] if not (ROOT / name).is_file()] == []
    assert {"pyarrow", "av"} <= set(pins(extras["robots"]["file"][0]))


def test_the_container_takes_what_is_there() -> None:
    lines = (ROOT / "Dockerfile").read_text()
    named = set(re.findall(r"[\w.-]+\.(?:lock|txt)", lines))
    assert {"requirements.lock", "requirements-without-torch.lock", "requirements.txt"} <= named
    assert [name for name in named if not (ROOT / name).is_file()] == []
    commands = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(re.findall(r'"(cvae-\w+)"', lines)) <= set(commands)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content alone, as pip lays it; the packages it needs are this environment's."""
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", str(ROOT), "--no-deps", "-w", str(out)], check=True)
    (wheel,) = out.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(out / "site"), str(wheel)], check=True)
    return out / "site"


@pytest.mark.slow
def test_a_wheel_runs_outside_the_clone(installed: Path, tmp_path: Path) -> None:
    # commands, presets, experiments, templates and schema: all that the clone has, none of it from the clone
    environment = os.environ | {"PYTHONPATH": str(installed)}

    def call(name: str, *arguments: str) -> str:
        command = [sys.executable, str(installed / "bin" / name), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for command in scripts:
        assert call(command, "--version").startswith("cvae-sweeps ")
        assert "--install-complet" in call(command, "--help")
    assert "cyclical" in call("cvae-sweep", "quickstart", "--plan", "--no-probe")
    assert call("cvae-sweep", "--schema") == (ROOT / "experiments" / "experiment.schema.json").read_text()
    (tmp_path / "run.yaml").write_text("preset: svg\nn_past: 0\n")
    refused = subprocess.run(
        [sys.executable, str(installed / "bin" / "cvae-train"), "run.yaml", "--out", "run"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (refused.returncode, "n_past is 0" in refused.stderr) == (2, True)


@pytest.mark.slow
def test_a_wheel_holds_the_package_and_nothing_else(installed: Path) -> None:
    (wheel,) = installed.parent.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"cvae", "sweeps"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
