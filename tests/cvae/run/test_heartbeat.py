"""A run's sign of life: whole whenever it is looked at, and there while anything is done."""

import time
from types import SimpleNamespace

from cvae.processes import beat
from cvae.record import RunFolder
from cvae.run.fence import Fence
from cvae.run.heartbeat import beating


def test_work_that_makes_no_update_beats(tmp_path: object) -> None:
    folder = RunFolder(tmp_path)
    with beating(folder, Fence(folder), every_s=0.001) as heart:
        seen = set()
        for _ in range(3):
            beat()  # packing: there is no trainer yet
            time.sleep(0.05)
            seen.add(folder.heartbeat.read_text())
        assert len(seen) == 3
        assert folder.read_heartbeat() == 0
        heart.trainer = SimpleNamespace(step=7)
        time.sleep(0.05)
        assert folder.read_heartbeat() == 7
        still = folder.heartbeat.read_text()
        time.sleep(0.05)
        assert folder.heartbeat.read_text() == still


def test_a_look_never_finds_half_of_it(tmp_path: object) -> None:
    folder, looks = RunFolder(tmp_path), []
    with beating(folder, Fence(folder), every_s=0.0) as heart:
        heart.trainer = SimpleNamespace(step=12345)
        deadline = time.monotonic() + 5
        while folder.read_heartbeat() != 12345 and time.monotonic() < deadline:
            time.sleep(0.001)  # a first beat may be of before the trainer was there
        for _ in range(3000):
            looks.append(folder.heartbeat.read_text().partition(" ")[0])
    assert set(looks) == {"12345"}
