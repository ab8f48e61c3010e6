"""Where runs may go: devices, and how many runs each holds."""

import os
from pathlib import Path

import pytest

from sweeps.workers.slots import Slots, _cores_of_group, find_slots, usable_cores, visible_gpus


def test_slots_are_shared_evenly_and_given_back() -> None:
    slots = Slots({"0": 2, "1": 2})
    taken = [slots.take() for _ in range(5)]
    assert sorted(t for t in taken if t) == ["0", "0", "1", "1"]
    assert taken[:2] == ["0", "1"]
    assert taken[4] is None
    slots.give("1")
    assert slots.halve("0") == 1
    assert slots.take() == "1"  # device 0 holds two, and may hold one now
    assert slots.hold("7") == "0"  # a device of an earlier machine


PRESENT = ["GPU 0: NVIDIA H100 (UUID: GPU-a)", "GPU 1: NVIDIA H100 (UUID: GPU-b)\n  MIG 1g (UUID: MIG-c)"]


@pytest.mark.parametrize(
    ("asked", "per_gpu", "visible", "expected"),
    [
        (None, 1, "0,1", {"0": 1, "1": 1}),
        (None, 2, "0,1", {"0": 2, "1": 2}),
        (3, 1, "0,1", {"0": 2, "1": 1}),
        (1, 1, "GPU-a,GPU-b", {"GPU-a": 1}),
        (2, 1, "", {"cpu": 2}),
    ],
)
def test_slots_of_a_machine(
    asked: int | None, per_gpu: int, visible: str, expected: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr("sweeps.workers.slots._present_gpus", lambda: PRESENT)
    slots = find_slots(asked, per_gpu, "auto", 1)
    assert slots.caps == expected
    assert find_slots(2, 1, "cpu", 1).caps == {"cpu": 2}
    pinned = slots.environment(next(iter(expected)), 3)
    assert pinned["OMP_NUM_THREADS"] == "3"
    assert pinned.get("CUDA_VISIBLE_DEVICES", "cpu") == next(iter(expected))


@pytest.mark.parametrize(
    ("allowed", "present", "seen"),
    [
        ("0,1,2,3", [], []),
        ("0,1,2,3", PRESENT, ["0", "1"]),
        ("1, 7, 0", PRESENT, ["1"]),
        ("GPU-b,MIG-c,GPU-z,GPU-a", PRESENT, ["GPU-b", "MIG-c"]),
        ("-1", PRESENT, []),
        (None, PRESENT, ["0", "1"]),
    ],
)
def test_an_allowance_is_no_inventory(
    allowed: str | None, present: list[str], seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    monkeypatch.setattr("sweeps.workers.slots._present_gpus", lambda: present)
    assert visible_gpus() == seen


def test_cores_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
        assert find_slots(None, 1, "cpu", 1).caps == {"cpu": 1}
    finally:
        os.sched_setaffinity(0, before)
    monkeypatch.setattr("sweeps.workers.slots._cores_of_group", lambda: 1.5)
    assert usable_cores() == 1


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/job/step\n", {"job/cpu.max": "150000 100000\n", "job/step/cpu.max": "max 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        (
            "4:cpu,cpuacct:/a\n1:name=x:/\n",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "50000", "cpu,cpuacct/a/cpu.cfs_period_us": "100000"},
            0.5,
        ),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ("nonsense", {}, None),
    ],
)
def test_the_quota_of_a_group_and_of_those_above_it(
    own: str, files: dict[str, str], cores: float | None, tmp_path: Path
) -> None:
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs" / name).write_text(text)
    assert _cores_of_group(tmp_path / "fs", tmp_path / "own") == cores
