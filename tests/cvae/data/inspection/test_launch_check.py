"""What a launch would refuse is said by `inspect`, in the same words, of an experiment file and of a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cvae.config.overrides import merge
from cvae.config.schema import Config
from cvae.config.yaml_file import dump_yaml
from cvae.data.inspection.launch_check import LaunchNeeds
from cvae.errors import fault_of
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.phases import Confirm
from sweeps.experiment_folder.layout import pack_data

Run = Callable[..., tuple[int, str, str]]
WriteNpz = Callable[..., Path]

SIZES = {"image_size": 32, "n_past": 2, "n_future": 4, "n_eval": 4}


def experiment_of(data: dict[str, Any], store: Path, **base: Any) -> dict[str, Any]:
    return {"name": "x", "base": merge(SIZES | {"data": data, "store": str(store)}, base), "arms": {"a": {}, "b": {}}}


def launched(values: dict[str, Any]) -> str | None:
    experiment = build_experiment(values, "t")
    return fault_of(lambda: pack_data(experiment))


def inspected(run: Run, values: dict[str, Any]) -> tuple[int, list[str]]:
    Path("x.yaml").write_text(dump_yaml(values))
    status, out, _ = run("inspect", "x.yaml")
    return status, [line.removeprefix("problem: ") for line in out.splitlines() if line.startswith("problem: ")]


def drop_validate(lab: Path) -> None:
    (lab / "validate").rename(lab / "val")


def drop_test(lab: Path) -> None:
    (lab / "test").rename(lab / "held-out")


def add_stranger(lab: Path) -> None:
    (lab / "train" / "traj_0_to_255.tfrecords" / "Thumbs.db").write_text("x")


def add_loop(lab: Path) -> None:
    (lab / "train" / "loop").symlink_to(".")


def resize(lab: Path) -> None:
    for path in lab.rglob("*.png"):
        Image.new("RGB", (48, 48)).save(path)


def lose_a_frame(lab: Path) -> None:
    next(lab.glob("validate/*/0/7.png")).unlink()


LAB_FAULTS = [drop_validate, drop_test, add_stranger, add_loop, resize, lose_a_frame]


@pytest.mark.parametrize("fault", LAB_FAULTS)
def test_of_files_it_is_in_the_same_words(run: Run, lab: Path, tmp_path: Path, fault: Callable[[Path], None]) -> None:
    fault(lab)
    values = experiment_of({"source": "bair", "root": str(lab), "n_frames": 12}, tmp_path / "store")
    said = launched(values)
    assert said is not None
    status, problems = inspected(run, values)
    assert status == 2
    assert said in problems


@pytest.mark.parametrize("fault", [drop_validate, add_stranger, add_loop, resize, lose_a_frame])
def test_of_a_folder_without_an_experiment_too(
    run: Run, lab: Path, tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    fault(lab)
    said = launched(experiment_of({"source": "bair", "root": str(lab), "n_frames": 12}, tmp_path / "store"))
    status, out, _ = run("inspect", lab, "--n-frames", 12)
    assert said is not None
    assert status == 2
    assert said.partition(": ")[2] in out  # the path is the file's here and may be the folder's there


OPTION_FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no positions": ({"model": {"use_positions": True}}, {}),
    "training clips too long": ({"n_future": 13, "model": {"use_positions": False}}, {}),
    "evaluation clips too long": ({"n_eval": 13, "model": {"use_positions": False}}, {}),
    "frames too small": ({"image_size": 64, "model": {"use_positions": False}}, {}),
    "frames too small for a crop": (
        {"image_size": 64, "model": {"use_positions": False}},
        {"size": {"crop": "centre"}},
    ),
    "a split made of too little": ({"model": {"use_positions": False}}, {"test": {"from": "train", "share": 0.1}}),
}


@pytest.mark.parametrize("fault", OPTION_FAULTS)
def test_of_what_runs_need_it_is_in_the_same_words(run: Run, write_npz: WriteNpz, tmp_path: Path, fault: str) -> None:
    base, data = OPTION_FAULTS[fault]
    for split in ("train", "validate"):
        root = write_npz(split, positions=None).parents[1]
    if "test" not in data:
        write_npz("test", positions=None)
    values = experiment_of({"source": "episodes", "root": str(root)} | data, tmp_path / "store", **base)
    said = launched(values)
    assert said is not None
    status, problems = inspected(run, values)
    assert status == 2
    assert said in problems


@pytest.mark.parametrize("source", ["a folder", "an experiment"])
def test_frames_that_are_not_square_are_one_problem(run: Run, write_npz: WriteNpz, tmp_path: Path, source: str) -> None:
    # not one an episode, in words about a shape that no file has
    for split in ("train", "validate", "test"):
        for name in "ab":
            root = write_npz(split, name, frames=np.zeros((14, 32, 48, 3), np.uint8)).parents[1]
    values = experiment_of({"source": "episodes", "root": str(root)}, tmp_path / "store")
    said = launched(values)
    assert said == f"{root / 'train' / 'a.npz'}: frames are 48x32 pixels; they must be square (`data.size` crops them)"
    if source == "an experiment":
        assert inspected(run, values) == (2, [said])
    else:
        status, out, _ = run("inspect", root)
        assert status == 2
        assert [line for line in out.splitlines() if line.startswith("problem: ")] == [f"problem: {said}"]


def test_of_sound_data_neither_says_a_thing(run: Run, write_npz: WriteNpz, tmp_path: Path) -> None:
    for split in ("train", "validate", "test"):
        root = write_npz(split).parents[1]
    values = experiment_of({"source": "episodes", "root": str(root)}, tmp_path / "store")
    assert launched(values) is None
    assert inspected(run, values) == (0, [])


def test_arms_that_use_other_data_are_inspected_each(run: Run, tmp_path: Path) -> None:
    worlds = {arm: {"data": {"seed": seed}} for arm, seed in (("a", 1), ("b", 2), ("c", 1))}
    data = {"source": "pushing", "n_train": 2, "n_validate": 1, "n_test": 1, "n_frames": 12}
    values = experiment_of(data, tmp_path / "store") | {"arms": worlds}
    Path("x.yaml").write_text(dump_yaml(values))
    status, out, _ = run("inspect", "x.yaml")
    assert status == 0
    assert [line for line in out.splitlines() if line.startswith("arms:")] == ["arms:   a, c", "arms:   b"]
    assert [line.partition(";")[0] for line in out.splitlines() if line.startswith("contact sheet: ")] == [
        "contact sheet: contact-sheet-x.png",
        "contact sheet: contact-sheet-x-2.png",
    ]
    assert len(list(Path().glob("contact-sheet-x*"))) == 4


def test_a_runs_own_configuration_is_inspected(run: Run, tmp_path: Path) -> None:
    data = {"source": "pushing", "n_train": 2, "n_validate": 1, "n_test": 0, "n_frames": 12}
    values = SIZES | {"data": data, "store": str(tmp_path / "store"), "evaluation": {"final_split": "test"}}
    status, problems = inspected(run, values)
    assert status == 2
    assert problems == ["the pushing world has no test split because `data.n_test` is 0; set it to 1 or more"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"data": {"source": "bair"}}, "x.yaml: 'data.root' is required"),
        ({"arms": {}}, "x.yaml: arms is empty; expected one or more"),
        ({"arms": ["a"]}, "x.yaml: arms is ['a']; expected keys and values"),
        ({"arms": {"a": 3}}, "x.yaml, arm 'a' is 3; expected keys and values"),
        ({"arms": {"a": {"betta": 1}}}, "x.yaml, arm 'a': unknown key 'betta'; did you mean 'beta'?"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(run: Run, values: dict[str, Any], said: str) -> None:
    Path("x.yaml").write_text(dump_yaml(values))
    status, _, error = run("inspect", "x.yaml")
    assert (status, error) == (2, f"error: {said}\n")


def test_options_do_not_contradict_a_file(run: Run) -> None:
    Path("x.yaml").write_text("data: {source: pushing}\n")
    status, _, error = run("inspect", "x.yaml", "--clip-length", 12, "--gate", 9)
    assert status == 2
    assert "--gate, --clip-length cannot be given with a YAML file" in error


def test_what_is_assumed_is_what_runs_have_by_default() -> None:
    defaults = Config()
    assert LaunchNeeds({}).n_past == defaults.n_past
    assert defaults.n_past + defaults.n_future == defaults.n_past + defaults.n_eval == 12  # of --clip-length
    assert Confirm().split == "test"
    np.testing.assert_equal(LaunchNeeds({"train": 6, "validate": 8}).length_of("test"), 8)
