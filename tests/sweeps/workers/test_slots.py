"""Where runs may go: devices, and how many runs each holds."""

import pytest

from sweeps.workers.slots import Slots, find_slots


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
    slots = find_slots(asked, per_gpu, "auto", 1)
    assert slots.caps == expected
    assert find_slots(2, 1, "cpu", 1).caps == {"cpu": 2}
    pinned = slots.environment(next(iter(expected)), 3)
    assert pinned["OMP_NUM_THREADS"] == "3"
    assert pinned.get("CUDA_VISIBLE_DEVICES", "cpu") == next(iter(expected))
